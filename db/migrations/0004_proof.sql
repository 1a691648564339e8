-- Money taken back after the sale, and the proof of the books.

alter table billing_order
  -- the payment's later life, as Stripe reports it
  add column stripe_charge_id text,
  add column receipt_url text,
  add column payment_failure text,
  add column dispute_status text check (dispute_status in ('open', 'won', 'lost')),
  add column lost_cents integer not null default 0 check (lost_cents >= 0),
  -- when the reading of Stripe began that was applied last: an older one has nothing to say
  add column payment_read_at timestamptz;
create index billing_order_charge on billing_order (stripe_charge_id) where stripe_charge_id is not null;
create index billing_order_paid on billing_order (paid_at) where paid_at is not null;
grant update (stripe_charge_id, receipt_url, payment_failure, dispute_status, lost_cents, payment_read_at)
  on billing_order to billing_app;

-- When Stripe last changed the price or product behind a SKU: somebody should compare ("Abgleich nötig").
alter table billing_sku add column stripe_changed_at timestamptz;
grant update (stripe_changed_at) on billing_sku to billing_app;

-- What a refund or dispute did to the credits of an order beside the ledger: frozen ones, and ones that were to be taken
-- back but had been spent or had lapsed. The latter are settled: they are never taken from elsewhere later.
create table order_credit (
  order_id text not null,
  tenant_id text not null,
  type text not null check (type in ('LICENSE_30D', 'LICENSE_365D', 'DEVICE_SLOT')),
  balance_id text not null,
  held integer not null default 0 check (held >= 0),
  uncollected integer not null default 0 check (uncollected >= 0),
  primary key (order_id, type),
  foreign key (order_id, tenant_id) references billing_order (id, tenant_id),
  foreign key (balance_id, tenant_id) references tenant_credit_balance (id, tenant_id)
);
create index order_credit_lot on order_credit (balance_id);
grant select, insert on order_credit to billing_app;
grant update (held, uncollected) on order_credit to billing_app;

-- A lot's `held` follows the holds of its orders.
create function hold_moves_lot() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  before integer := case when tg_op = 'UPDATE' then old.held else 0 end;
begin
  if new.held <> before then
    update tenant_credit_balance b set held = b.held + new.held - before where b.id = new.balance_id;
  end if;
  return null;
end
$$;
create trigger hold_moves_lot after insert or update of held on order_credit
  for each row execute function hold_moves_lot();

-- One row for each run of the reconciliation. `digest` covers all heads of the ledger at that moment.
create table reconciliation_report (
  id bigint generated always as identity primary key,
  started_at timestamptz not null default now(),
  finished_at timestamptz not null default now(),
  -- from when on Stripe was compared, and up to which event its list was read
  window_from timestamptz,
  events_through timestamptz,
  complete boolean not null,
  checked integer not null default 0,
  healed integer not null default 0,
  differences integer not null default 0,
  duration_ms integer not null default 0,
  -- each difference: what, whom it concerns, what stands where
  details text not null default '[]',
  lots integer not null default 0,
  digest text not null default ''
);
grant select, insert on reconciliation_report to billing_app;
create trigger reports_are_append_only before update or delete on reconciliation_report
  for each row execute function refuse_ledger_change();
create trigger reports_are_never_emptied before truncate on reconciliation_report
  for each statement execute function refuse_ledger_change();

-- Each lot's head at the last report. No foreign key: a lot that was removed must show.
create table ledger_checkpoint (
  balance_id text primary key,
  tenant_id text not null,
  type text not null,
  expires_at timestamptz not null,
  ledger_rows integer not null,
  ledger_head text not null
);
grant select, insert on ledger_checkpoint to billing_app;
grant update (ledger_rows, ledger_head) on ledger_checkpoint to billing_app;
