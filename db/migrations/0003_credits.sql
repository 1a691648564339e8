-- Lots and the append-only ledger. A lot moves only because a ledger row is inserted; a ledger row never changes.

create table tenant_credit_balance (
  id text primary key default gen_random_uuid()::text,
  tenant_id text not null references tenant (id),
  type text not null check (type in ('LICENSE_30D', 'LICENSE_365D', 'DEVICE_SLOT')),
  expires_at timestamptz not null,
  quantity integer not null default 0,
  held integer not null default 0,
  -- the chain: the hash of the lot's newest ledger row, and how many rows there are
  ledger_head text not null default '',
  ledger_rows integer not null default 0,
  unique (tenant_id, type, expires_at),
  unique (id, tenant_id),
  check (0 <= held and held <= quantity)
);
create index tenant_credit_balance_expiry on tenant_credit_balance (expires_at) where quantity > 0;
-- `held` alone: it also gives the right to lock a lot (select … for update)
grant select, update (held) on tenant_credit_balance to billing_app;

create sequence tenant_credit_ledger_id;

create table tenant_credit_ledger (
  id bigint primary key,
  -- a tenant that exists: the composite keys below say so, without a lock on the tenant's row for each movement
  tenant_id text not null,
  type text not null check (type in ('LICENSE_30D', 'LICENSE_365D', 'DEVICE_SLOT')),
  delta integer not null check (delta <> 0),
  reason text not null check (reason in ('STRIPE_PURCHASE', 'COUPON_REDEEM', 'CREDIT_CONSUME', 'MANUAL_ADJUST',
    'CREDIT_EXPIRE', 'STRIPE_REFUND', 'STRIPE_REFUND_REVERSAL', 'STRIPE_DISPUTE_LOST')),
  ref_id text,
  balance_id text not null,
  order_id text,
  expires_at timestamptz not null,
  quantity_after integer not null,
  actor_user_id text references app_user (id),
  note text,
  -- when it happened in the world, and when we wrote it down
  occurred_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  previous_hash text not null,
  row_hash text not null,
  foreign key (balance_id, tenant_id) references tenant_credit_balance (id, tenant_id),
  foreign key (order_id, tenant_id) references billing_order (id, tenant_id),
  check (reason <> 'STRIPE_PURCHASE' or (order_id is not null and delta > 0)),
  check (reason <> 'CREDIT_CONSUME' or delta = -1)
);
alter sequence tenant_credit_ledger_id owned by tenant_credit_ledger.id;
create unique index tenant_credit_ledger_purchase on tenant_credit_ledger (order_id, type) where reason = 'STRIPE_PURCHASE';
create index tenant_credit_ledger_tenant on tenant_credit_ledger (tenant_id, id desc);
create index tenant_credit_ledger_order on tenant_credit_ledger (order_id) where order_id is not null;
create index tenant_credit_ledger_lot on tenant_credit_ledger (balance_id, id);
grant select on tenant_credit_ledger to billing_app;
grant insert (tenant_id, type, delta, reason, ref_id, order_id, expires_at, actor_user_id, note, occurred_at)
  on tenant_credit_ledger to billing_app;

-- What a ledger row says, as one hash over the row and its lot's previous row. Independent of any session setting.
-- In plpgsql, because the trigger's call of an SQL function would start an executor for every row.
create function ledger_row_hash(entry tenant_credit_ledger) returns text
language plpgsql immutable as $$
begin
  return encode(sha256(convert_to(jsonb_build_array(
    entry.previous_hash, entry.id, entry.tenant_id, entry.type, entry.delta, entry.reason, entry.ref_id,
    entry.balance_id, entry.order_id, (extract(epoch from entry.expires_at) * 1000000)::bigint, entry.quantity_after,
    entry.actor_user_id, entry.note, (extract(epoch from entry.occurred_at) * 1000000)::bigint,
    (extract(epoch from entry.created_at) * 1000000)::bigint
  )::text, 'UTF8')), 'hex');
end
$$;

-- The actor is of the tenant or an operator. Locks the lot (or makes it), then draws the id, so that ids, remainders and hashes of a lot run in one order.
create function ledger_moves_lot() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  lot tenant_credit_balance;
begin
  if new.actor_user_id is not null and not exists (
    select from app_user u where u.id = new.actor_user_id and (u.tenant_id = new.tenant_id or u.operator))
  then
    raise exception 'The actor belongs to another tenant.' using errcode = 'foreign_key_violation';
  end if;

  select * into lot from tenant_credit_balance b
  where b.tenant_id = new.tenant_id and b.type = new.type and b.expires_at = new.expires_at for update;
  if not found then
    insert into tenant_credit_balance (tenant_id, type, expires_at) values (new.tenant_id, new.type, new.expires_at)
    on conflict (tenant_id, type, expires_at) do nothing;
    select * into lot from tenant_credit_balance b
    where b.tenant_id = new.tenant_id and b.type = new.type and b.expires_at = new.expires_at for update;
  end if;

  new.id := nextval('tenant_credit_ledger_id');
  new.balance_id := lot.id;
  new.quantity_after := lot.quantity + new.delta;
  new.created_at := now();
  new.previous_hash := lot.ledger_head;
  new.row_hash := ledger_row_hash(new);
  update tenant_credit_balance b
  set quantity = new.quantity_after, ledger_head = new.row_hash, ledger_rows = lot.ledger_rows + 1
  where b.id = lot.id;
  return new;
end
$$;
create trigger ledger_moves_lot before insert on tenant_credit_ledger
  for each row execute function ledger_moves_lot();

create function refuse_ledger_change() returns trigger
language plpgsql as $$
begin
  raise exception 'The ledger is append-only: % refused.', tg_op using errcode = 'restrict_violation';
end
$$;
create trigger ledger_is_append_only before update or delete on tenant_credit_ledger
  for each row execute function refuse_ledger_change();
create trigger ledger_is_never_emptied before truncate on tenant_credit_ledger
  for each statement execute function refuse_ledger_change();

-- Only the ledger's trigger, which runs one level up, may create a lot or move its quantity.
create function refuse_lot_change() returns trigger
language plpgsql as $$
begin
  if pg_trigger_depth() > 1 then
    return new;
  end if;
  raise exception 'A lot moves only through a ledger row: % refused.', tg_op using errcode = 'restrict_violation';
end
$$;
create trigger lot_moves_through_ledger before insert or delete or
  update of id, tenant_id, type, expires_at, quantity, ledger_head, ledger_rows on tenant_credit_balance
  for each row execute function refuse_lot_change();
create trigger lots_are_never_emptied before truncate on tenant_credit_balance
  for each statement execute function refuse_ledger_change();

-- credits_granted_at is set exactly when the grant rows of the order equal its snapshot; checked at COMMIT.
create function check_order_grant() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  subject text;
  fits boolean;
begin
  if tg_table_name = 'billing_order' then
    subject := new.id;
  else
    subject := new.order_id;
  end if;
  select case
      when o.credits_granted_at is null then count(l.id) = 0
      else coalesce(sum(l.delta) filter (where l.type = 'LICENSE_30D'), 0) = o.grant_license_30d
        and coalesce(sum(l.delta) filter (where l.type = 'LICENSE_365D'), 0) = o.grant_license_365d
        and coalesce(sum(l.delta) filter (where l.type = 'DEVICE_SLOT'), 0) = o.grant_device_slots
    end
  into fits
  from billing_order o
  left join tenant_credit_ledger l on l.order_id = o.id and l.reason = 'STRIPE_PURCHASE'
  where o.id = subject
  group by o.id;
  if fits is false then
    raise exception 'Order %: grant rows and snapshot differ.', subject using errcode = 'check_violation';
  end if;
  return null;
end
$$;
create constraint trigger order_grant_fits after insert or update of credits_granted_at, grant_license_30d,
  grant_license_365d, grant_device_slots on billing_order
  deferrable initially deferred for each row execute function check_order_grant();
create constraint trigger ledger_grant_fits after insert on tenant_credit_ledger
  deferrable initially deferred for each row when (new.reason = 'STRIPE_PURCHASE')
  execute function check_order_grant();
