-- What a tenant does with its credits: activations, coupons, devices, its company, and its statement.

-- What one credit was spent on: a licence's stretch of time, or a device slot. The ledger row names it in ref_id.
create table activation (
  id text primary key default gen_random_uuid()::text,
  tenant_id text not null references tenant (id),
  type text not null check (type in ('LICENSE_30D', 'LICENSE_365D', 'DEVICE_SLOT')),
  -- of a licence
  valid_from timestamptz,
  valid_until timestamptz,
  -- of a slot: how many devices the tenant may have since then
  max_devices integer,
  -- who: a person, or a device with a coupon
  user_id text,
  device_id text,
  -- one click, or one Idempotency-Key, is one activation
  request_key text,
  created_at timestamptz not null default now(),
  unique (id, tenant_id),
  unique (tenant_id, request_key),
  foreign key (user_id, tenant_id) references app_user (id, tenant_id),
  foreign key (device_id, tenant_id) references device (id, tenant_id),
  check ((type = 'DEVICE_SLOT') = (max_devices is not null)),
  check ((type = 'DEVICE_SLOT') = (valid_from is null)),
  check ((valid_from is null) = (valid_until is null)),
  check (valid_from < valid_until)
);
create index activation_tenant on activation (tenant_id, created_at desc, id desc);
grant select, insert on activation to billing_app;
create trigger activations_are_append_only before update or delete on activation
  for each row execute function refuse_ledger_change();
create trigger activations_are_never_emptied before truncate on activation
  for each statement execute function refuse_ledger_change();

-- One credit for one activation, and a coupon's credits once for each redemption.
create unique index tenant_credit_ledger_activation on tenant_credit_ledger (ref_id) where reason = 'CREDIT_CONSUME';
create unique index tenant_credit_ledger_redemption on tenant_credit_ledger (ref_id, type) where reason = 'COUPON_REDEEM';

-- The same click again is the same redemption; a device redeems, too.
alter table promo_redemption
  add column request_key text,
  add column device_id text,
  add constraint promo_redemption_request unique (tenant_id, request_key),
  add constraint promo_redemption_device foreign key (device_id, tenant_id) references device (id, tenant_id);

-- One row for each code that was not valid; what the limit of guesses counts.
create table coupon_miss (
  id bigint generated always as identity primary key,
  tenant_id text not null references tenant (id),
  missed_at timestamptz not null default now()
);
create index coupon_miss_tenant on coupon_miss (tenant_id, missed_at);
grant select, insert, delete on coupon_miss to billing_app;

-- One click on "Gerät erfassen" is one device.
alter table device
  add column request_key text,
  add constraint device_request unique (tenant_id, request_key);

-- What stands on a tenant's receipts. `stripe_due`: Stripe's customer does not know it yet.
create table tenant_accounting (
  tenant_id text primary key references tenant (id),
  legal_name text not null,
  street text not null default '',
  postal_code text not null default '',
  city text not null default '',
  country text not null default 'CH' check (country ~ '^[A-Z]{2}$'),
  vat_number text,
  contact_name text,
  contact_email text,
  contact_phone text,
  stripe_due boolean not null default true,
  updated_by text references app_user (id),
  updated_at timestamptz not null default now()
);
grant select, insert, update on tenant_accounting to billing_app;

-- The statement by day: what moved on a day of Europe/Zurich, per type and reason. Written with the ledger's rows, so that
-- a balance of long ago, a chart or a count need not read them all.
create table tenant_credit_day (
  tenant_id text not null references tenant (id),
  type text not null,
  reason text not null,
  day date not null,
  delta bigint not null,
  entries bigint not null,
  primary key (tenant_id, type, reason, day)
);
create index tenant_credit_day_time on tenant_credit_day (tenant_id, day);
grant select on tenant_credit_day to billing_app;

create function ledger_adds_to_day() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into tenant_credit_day as d (tenant_id, type, reason, day, delta, entries)
  select tenant_id, type, reason, (occurred_at at time zone 'Europe/Zurich')::date, sum(delta), count(*)
  from fresh group by 1, 2, 3, 4 order by 1, 2, 3, 4
  on conflict (tenant_id, type, reason, day)
  do update set delta = d.delta + excluded.delta, entries = d.entries + excluded.entries;
  return null;
end
$$;
create trigger ledger_adds_to_day after insert on tenant_credit_ledger
  referencing new table as fresh for each statement execute function ledger_adds_to_day();

insert into tenant_credit_day (tenant_id, type, reason, day, delta, entries)
select tenant_id, type, reason, (occurred_at at time zone 'Europe/Zurich')::date, sum(delta), count(*)
from tenant_credit_ledger group by 1, 2, 3, 4;

create index tenant_credit_ledger_time on tenant_credit_ledger (tenant_id, occurred_at);
