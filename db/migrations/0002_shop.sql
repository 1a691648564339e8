-- What is on sale, who ordered it, what Stripe said about it.

create table billing_sku (
  id text primary key default gen_random_uuid()::text,
  active boolean not null default true,
  name text not null,
  description text,
  stripe_price_id text not null,
  currency text not null default 'CHF' check (currency ~ '^[A-Z]{3}$'),
  amount_cents integer not null check (amount_cents > 0),
  grant_license_30d integer not null default 0 check (grant_license_30d >= 0),
  grant_license_365d integer not null default 0 check (grant_license_365d >= 0),
  grant_device_slots integer not null default 0 check (grant_device_slots >= 0),
  credit_expires_in_days integer not null default 365 check (credit_expires_in_days between 1 and 3650),
  sort_order integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (grant_license_30d + grant_license_365d + grant_device_slots > 0)
);
create index billing_sku_shop on billing_sku (sort_order, id) where active;
grant select, insert on billing_sku to billing_app;
grant update (active, name, description, stripe_price_id, currency, amount_cents, grant_license_30d, grant_license_365d,
  grant_device_slots, credit_expires_in_days, sort_order, updated_at) on billing_sku to billing_app;

create sequence billing_order_number;
grant usage on sequence billing_order_number to billing_app;

-- LR-2026-000123: the Zurich year and a sequence; gaps are fine. Grows past six digits instead of repeating.
create function next_order_number() returns text
language plpgsql volatile set search_path = public, pg_temp as $$
declare
  n text := nextval('billing_order_number')::text;
begin
  return 'LR-' || to_char(now() at time zone 'Europe/Zurich', 'YYYY') || '-' || lpad(n, greatest(6, length(n)), '0');
end
$$;

create table billing_order (
  id text primary key default gen_random_uuid()::text,
  number text not null unique default next_order_number(),
  tenant_id text not null references tenant (id),
  sku_id text not null references billing_sku (id),
  user_id text,
  status text not null default 'PENDING' check (status in
    ('PENDING', 'PROCESSING', 'PAID', 'PARTIALLY_REFUNDED', 'REFUNDED', 'EXPIRED', 'FAILED', 'DISPUTED')),

  -- the snapshot: what was offered at checkout. Never updated; fulfilment reads nothing else.
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  amount_cents integer not null check (amount_cents > 0),
  stripe_price_id text not null,
  grant_license_30d integer not null default 0 check (grant_license_30d >= 0),
  grant_license_365d integer not null default 0 check (grant_license_365d >= 0),
  grant_device_slots integer not null default 0 check (grant_device_slots >= 0),
  credit_expires_in_days integer not null default 365 check (credit_expires_in_days between 1 and 3650),

  -- the checkout: one click (request_key) is one order; an attempt is one set of parameters sent to Stripe
  request_key text,
  checkout_attempt integer not null default 1,
  checkout_expires_at timestamptz not null default now() + interval '60 minutes',
  checkout_url text,
  failure_reason text,
  stripe_checkout_session_id text unique,

  -- the payment, as Stripe reports it
  stripe_payment_intent_id text,
  paid_at timestamptz,
  paid_cents integer,
  credits_granted_at timestamptz,
  refunded_cents integer not null default 0 check (refunded_cents >= 0),
  review_reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),

  unique (id, tenant_id),
  unique (tenant_id, request_key),
  foreign key (user_id, tenant_id) references app_user (id, tenant_id),
  check (grant_license_30d + grant_license_365d + grant_device_slots > 0)
);
create index billing_order_tenant on billing_order (tenant_id, created_at desc, id desc);
create index billing_order_payment on billing_order (stripe_payment_intent_id) where stripe_payment_intent_id is not null;
create index billing_order_open on billing_order (created_at) where status in ('PENDING', 'PROCESSING');
create index billing_order_sku on billing_order (sku_id);
grant select on billing_order to billing_app;
grant insert (tenant_id, sku_id, user_id, currency, amount_cents, stripe_price_id, grant_license_30d, grant_license_365d,
  grant_device_slots, credit_expires_in_days, request_key) on billing_order to billing_app;
-- not the snapshot, not the tenant
grant update (status, checkout_attempt, checkout_expires_at, checkout_url, failure_reason, stripe_checkout_session_id,
  stripe_payment_intent_id, paid_at, paid_cents, credits_granted_at, refunded_cents, review_reason, updated_at)
  on billing_order to billing_app;

-- The inbox. payload is the raw body as text: jsonb refuses \u0000 and deep nesting.
create table stripe_event (
  id text primary key,
  type text not null,
  livemode boolean not null default false,
  api_version text,
  payload text not null,
  status text not null default 'RECEIVED' check (status in ('RECEIVED', 'PROCESSED', 'IGNORED', 'FAILED')),
  attempts integer not null default 0 check (attempts >= 0),
  error_message text,
  -- set together with order_id, whose composite key vouches for it
  tenant_id text,
  order_id text,
  stripe_created_at timestamptz,
  received_at timestamptz not null default now(),
  processed_at timestamptz,
  next_attempt_at timestamptz,
  foreign key (order_id, tenant_id) references billing_order (id, tenant_id),
  check ((order_id is null) = (tenant_id is null)),
  check (next_attempt_at is null or status = 'FAILED')
);
create index stripe_event_due on stripe_event (next_attempt_at) where status = 'FAILED' and next_attempt_at is not null;
create index stripe_event_waiting on stripe_event (received_at) where status = 'RECEIVED';
create index stripe_event_order on stripe_event (order_id) where order_id is not null;
create index stripe_event_received on stripe_event (received_at desc, id desc);
grant select on stripe_event to billing_app;
grant insert (id, type, livemode, api_version, payload, stripe_created_at) on stripe_event to billing_app;
grant update (status, attempts, error_message, tenant_id, order_id, processed_at, next_attempt_at)
  on stripe_event to billing_app;

create table promo_code (
  id text primary key default gen_random_uuid()::text,
  code text not null unique check (code = upper(code) and code <> ''),
  active boolean not null default true,
  valid_from timestamptz,
  valid_until timestamptz,
  max_redemptions integer check (max_redemptions >= 1),
  redeemed_count integer not null default 0 check (redeemed_count >= 0),
  grant_license_30d integer not null default 0 check (grant_license_30d >= 0),
  grant_license_365d integer not null default 0 check (grant_license_365d >= 0),
  grant_device_slots integer not null default 0 check (grant_device_slots >= 0),
  credit_expires_in_days integer not null default 365 check (credit_expires_in_days between 1 and 3650),
  partner text,
  created_at timestamptz not null default now(),
  check (max_redemptions is null or redeemed_count <= max_redemptions),
  check (valid_from is null or valid_until is null or valid_from < valid_until),
  check (grant_license_30d + grant_license_365d + grant_device_slots > 0)
);
grant select, insert on promo_code to billing_app;
grant update (active, redeemed_count) on promo_code to billing_app;

create table promo_redemption (
  id text primary key default gen_random_uuid()::text,
  promo_code_id text not null references promo_code (id),
  tenant_id text not null references tenant (id),
  user_id text,
  redeemed_at timestamptz not null default now(),
  unique (promo_code_id, tenant_id),
  foreign key (user_id, tenant_id) references app_user (id, tenant_id)
);
create index promo_redemption_tenant on promo_redemption (tenant_id);
grant select, insert on promo_redemption to billing_app;
