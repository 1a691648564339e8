import type { Tx } from "~/db/transaction.server";

interface Offence {
  subject: string;
  detail: string;
}

/** What must always be true of the books (docs/contract.md, "Always true"): each names the rows that offend it. */
export const INVARIANTS: ReadonlyArray<{ rule: string; find(tx: Tx, most: number): Promise<Offence[]> }> = [
  {
    rule: "LOT_SUM",
    find: (tx, most) => tx`
      select 'lot ' || b.id as subject,
        'quantity ' || b.quantity || ', ledger ' || coalesce(s.total, 0) || '; rows ' || b.ledger_rows || ', ledger '
          || coalesce(s.rows, 0) || case when b.ledger_head <> coalesce(l.row_hash, '') then '; not the last row''s hash' else '' end
          as detail
      from tenant_credit_balance b
      left join (
        select balance_id, sum(delta) as total, count(*) as rows, max(id) as last from tenant_credit_ledger group by balance_id
      ) s on s.balance_id = b.id
      left join tenant_credit_ledger l on l.id = s.last
      where b.quantity <> coalesce(s.total, 0) or b.ledger_rows <> coalesce(s.rows, 0)
        or b.ledger_head <> coalesce(l.row_hash, '')
      limit ${most}`,
  },
  {
    rule: "LOT_BOUNDS",
    find: (tx, most) => tx`
      select 'lot ' || id as subject, 'held ' || held || ' of ' || quantity as detail
      from tenant_credit_balance where not (0 <= held and held <= quantity) limit ${most}`,
  },
  {
    rule: "LOT_HELD",
    find: (tx, most) => tx`
      select 'lot ' || b.id as subject, 'held ' || b.held || ', by its orders ' || coalesce(h.held, 0) as detail
      from tenant_credit_balance b
      left join (select balance_id, sum(held) as held from order_credit group by balance_id) h on h.balance_id = b.id
      where b.held <> coalesce(h.held, 0) limit ${most}`,
  },
  {
    rule: "ROW_OF_LOT",
    find: (tx, most) => tx`
      select 'ledger row ' || l.id as subject,
        case when b.id is null then 'its lot ' || l.balance_id || ' is gone'
          else 'tenant, type or expiry differ from lot ' || b.id end as detail
      from tenant_credit_ledger l left join tenant_credit_balance b on b.id = l.balance_id
      where b.id is null or (b.tenant_id, b.type, b.expires_at) is distinct from (l.tenant_id, l.type, l.expires_at)
      limit ${most}`,
  },
  {
    rule: "GRANT_ONCE",
    find: (tx, most) => tx`
      select 'order ' || order_id as subject, count(*) || ' grants of ' || type as detail
      from tenant_credit_ledger where reason = 'STRIPE_PURCHASE'
      group by order_id, type having count(*) > 1 limit ${most}`,
  },
  {
    rule: "GRANT_FITS",
    find: (tx, most) => tx`
      select 'order ' || o.id as subject,
        case when o.credits_granted_at is null then 'not marked as granted, but has grants'
          else 'marked as granted, but its grants differ from its snapshot' end as detail
      from billing_order o
      left join (
        select order_id, sum(delta) filter (where type = 'LICENSE_30D') as l30,
          sum(delta) filter (where type = 'LICENSE_365D') as l365, sum(delta) filter (where type = 'DEVICE_SLOT') as slots
        from tenant_credit_ledger where reason = 'STRIPE_PURCHASE' group by order_id
      ) g on g.order_id = o.id
      where case when o.credits_granted_at is null then g.order_id is not null
        else (coalesce(g.l30, 0), coalesce(g.l365, 0), coalesce(g.slots, 0))
          <> (o.grant_license_30d, o.grant_license_365d, o.grant_device_slots) end
      limit ${most}`,
  },
  {
    rule: "TENANT",
    find: (tx, most) => tx`
      select subject, detail from (
        select 'ledger row ' || l.id as subject, 'its order is missing or another tenant''s' as detail
        from tenant_credit_ledger l left join billing_order o on o.id = l.order_id
        where l.order_id is not null and o.tenant_id is distinct from l.tenant_id
        union all
        select 'ledger row ' || l.id, 'its actor is missing or another tenant''s'
        from tenant_credit_ledger l left join app_user u on u.id = l.actor_user_id
        where l.actor_user_id is not null and (u.id is null or (u.tenant_id is distinct from l.tenant_id and not u.operator))
        union all
        select 'ledger row ' || l.id, 'its tenant is missing'
        from tenant_credit_ledger l left join tenant t on t.id = l.tenant_id where t.id is null
        union all
        select 'event ' || e.id, 'its order is missing or another tenant''s'
        from stripe_event e left join billing_order o on o.id = e.order_id
        where e.order_id is not null and o.tenant_id is distinct from e.tenant_id
        union all
        select 'order ' || o.id, 'its buyer is missing or another tenant''s'
        from billing_order o left join app_user u on u.id = o.user_id
        where o.user_id is not null and u.tenant_id is distinct from o.tenant_id
        union all
        select 'order ' || c.order_id, 'its frozen credits are another tenant''s'
        from order_credit c join billing_order o on o.id = c.order_id join tenant_credit_balance b on b.id = c.balance_id
        where o.tenant_id <> c.tenant_id or b.tenant_id <> c.tenant_id
      ) as offences limit ${most}`,
  },
  {
    rule: "CLAWBACK",
    find: (tx, most) => tx`
      select 'order ' || order_id as subject, 'taken back ' || -taken || ' of ' || granted || ' ' || type as detail
      from (
        select order_id, type, coalesce(sum(delta) filter (where reason = 'STRIPE_PURCHASE'), 0) as granted,
          coalesce(sum(delta) filter (
            where reason in ('STRIPE_REFUND', 'STRIPE_REFUND_REVERSAL', 'STRIPE_DISPUTE_LOST')), 0) as taken
        from tenant_credit_ledger where order_id is not null group by order_id, type
      ) as sums
      where taken > 0 or -taken > granted limit ${most}`,
  },
  {
    rule: "ORDER_STATUS",
    find: (tx, most) => tx`
      select 'order ' || id as subject,
        status || case when credits_granted_at is null then ', but nothing was granted' else ', but credits were granted' end as detail
      from billing_order
      where (status in ('PAID', 'PARTIALLY_REFUNDED', 'REFUNDED', 'DISPUTED')) <> (credits_granted_at is not null)
      limit ${most}`,
  },
  {
    rule: "ACTIVATION",
    find: (tx, most) => tx`
      select 'activation ' || a.id as subject, 'spent ' || count(l.id) || ' credits of its tenant and type' as detail
      from activation a
      left join tenant_credit_ledger l on l.ref_id = a.id and l.reason = 'CREDIT_CONSUME'
        and (l.tenant_id, l.type) = (a.tenant_id, a.type)
      group by a.id having count(l.id) <> 1 limit ${most}`,
  },
  {
    rule: "COUPON",
    find: (tx, most) => tx`
      select subject, detail from (
        select 'coupon ' || c.id as subject, 'counted ' || c.redeemed_count || ', redeemed ' || count(r.id) as detail
        from promo_code c left join promo_redemption r on r.promo_code_id = c.id
        group by c.id having c.redeemed_count < count(r.id) or c.max_redemptions < count(r.id)
        union all
        select 'redemption ' || r.id, 'its credits are not what its coupon grants'
        from promo_redemption r
        join promo_code c on c.id = r.promo_code_id
        left join (
          select ref_id, tenant_id, sum(delta) filter (where type = 'LICENSE_30D') as l30,
            sum(delta) filter (where type = 'LICENSE_365D') as l365, sum(delta) filter (where type = 'DEVICE_SLOT') as slots
          from tenant_credit_ledger where reason = 'COUPON_REDEEM' group by ref_id, tenant_id
        ) g on g.ref_id = r.id and g.tenant_id = r.tenant_id
        where (coalesce(g.l30, 0), coalesce(g.l365, 0), coalesce(g.slots, 0))
          <> (c.grant_license_30d, c.grant_license_365d, c.grant_device_slots)
      ) as offences limit ${most}`,
  },
  {
    rule: "ADJUSTMENT",
    find: (tx, most) => tx`
      select subject, detail from (
        select 'adjustment ' || a.id as subject, 'booked, with ' || count(l.id) || ' fitting rows in the ledger' as detail
        from adjustment a
        left join tenant_credit_ledger l on l.ref_id = a.id and l.reason = 'MANUAL_ADJUST'
          and (l.tenant_id, l.type, l.delta, l.expires_at) = (a.tenant_id, a.type, a.delta, a.expires_at)
        where a.status = 'BOOKED' group by a.id having count(l.id) <> 1
        union all
        select 'adjustment ' || a.id, 'needed a second person, and was decided by the same'
        from adjustment a
        where a.status = 'BOOKED' and (a.needs_approval or abs(a.delta) > 10) and a.decided_by = a.requested_by
        union all
        select 'ledger row ' || l.id, 'no adjustment was booked for it'
        from tenant_credit_ledger l left join adjustment a on a.id = l.ref_id and a.status = 'BOOKED'
        where starts_with(l.ref_id, 'adj_') and (a.id is null or l.reason <> 'MANUAL_ADJUST')
      ) as offences limit ${most}`,
  },
  {
    rule: "DAY_SUM",
    find: (tx, most) => tx`
      select 'day ' || coalesce(d.day, l.day) || ' of tenant ' || coalesce(d.tenant_id, l.tenant_id) as subject,
        coalesce(d.type, l.type) || ' ' || coalesce(d.reason, l.reason) || ': kept ' || coalesce(d.delta, 0) || ' in '
          || coalesce(d.entries, 0) || ' rows, ledger ' || coalesce(l.delta, 0) || ' in ' || coalesce(l.entries, 0) as detail
      from tenant_credit_day d
      full join (
        select tenant_id, type, reason, (occurred_at at time zone 'Europe/Zurich')::date as day, sum(delta) as delta,
          count(*) as entries
        from tenant_credit_ledger group by 1, 2, 3, 4
      ) l on (l.tenant_id, l.type, l.reason, l.day) = (d.tenant_id, d.type, d.reason, d.day)
      where (d.delta, d.entries) is distinct from (l.delta, l.entries) limit ${most}`,
  },
  {
    rule: "GUARDS",
    find: (tx, most) => tx`
      select 'trigger ' || g.name as subject, 'is missing or switched off' as detail
      from unnest(string_to_array('ledger_moves_lot ledger_is_append_only ledger_is_never_emptied lot_moves_through_ledger '
        || 'lots_are_never_emptied order_grant_fits ledger_grant_fits hold_moves_lot reports_are_append_only '
        || 'reports_are_never_emptied activations_are_append_only activations_are_never_emptied ledger_adds_to_day '
        || 'audit_is_append_only audit_is_never_emptied adjustment_asks adjustment_is_decided_once adjustment_was_decided '
        || 'password_link_is_for_tenants', ' ')) as g (name)
      where not exists (select from pg_trigger t where t.tgname = g.name and t.tgenabled = 'O')
      limit ${most}`,
  },
];
