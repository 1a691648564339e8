-- Tenants, people, sessions. The server works as billing_app, which owns nothing: it can do what is granted, no more.

do $$
begin
  if not exists (select from pg_roles where rolname = 'billing_app') then
    create role billing_app nologin;
  end if;
exception
  -- another database of this cluster migrated at the same moment
  when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
  -- PostgreSQL 16 and newer: creating a role does not by itself allow becoming it
  execute format('grant billing_app to %I', current_user);
exception
  -- given already, by an administrator or by another database of this cluster at this moment
  when insufficient_privilege or internal_error or unique_violation then null;
end
$$;

grant usage on schema public to billing_app;
-- read by /readyz
grant select on schema_migration to billing_app;

create table tenant (
  id text primary key default gen_random_uuid()::text,
  slug text not null unique,
  name text not null,
  country text not null default 'CH' check (country ~ '^[A-Z]{2}$'),
  stripe_customer_id text unique,
  created_at timestamptz not null default now()
);
grant select on tenant to billing_app;
grant update (stripe_customer_id) on tenant to billing_app;

create table app_user (
  id text primary key default gen_random_uuid()::text,
  tenant_id text references tenant (id),
  name text not null default '',
  email text not null,
  password_hash text not null default '',
  role text check (role in ('OWNER', 'ADMIN', 'VIEWER')),
  operator boolean not null default false,
  disabled_at timestamptz,
  created_at timestamptz not null default now(),
  unique (id, tenant_id),
  check (tenant_id is null or role is not null),
  check (tenant_id is not null or operator)
);
create unique index app_user_email on app_user (lower(email));
create index app_user_tenant on app_user (tenant_id);
grant select on app_user to billing_app;

create table session (
  token_hash text primary key,
  user_id text not null references app_user (id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index session_of_user on session (user_id);
create index session_expiry on session (expires_at);
grant select, insert, delete on session to billing_app;

-- One row for each failed sign-in of the last day; what the limits of the login count.
create table login_failure (
  id bigint generated always as identity primary key,
  email text not null,
  address text not null,
  failed_at timestamptz not null default now()
);
create index login_failure_email on login_failure (email, failed_at);
create index login_failure_address on login_failure (address, failed_at);
grant select, insert, delete on login_failure to billing_app;

create table tenant_entitlement (
  tenant_id text primary key references tenant (id),
  valid_until timestamptz,
  max_devices integer not null default 1 check (max_devices >= 1)
);
grant select, insert, update on tenant_entitlement to billing_app;

create table device (
  id text primary key default gen_random_uuid()::text,
  tenant_id text not null references tenant (id),
  name text not null,
  status text not null default 'ACTIVE' check (status in ('ACTIVE', 'DISABLED')),
  api_key_hash text unique,
  last_seen_at timestamptz,
  created_at timestamptz not null default now(),
  unique (id, tenant_id)
);
create index device_tenant on device (tenant_id, status);
grant select, insert on device to billing_app;
grant update (name, status, api_key_hash, last_seen_at) on device to billing_app;
