-- The operator's room: who changed what, corrections under four eyes, refunds, long work, and what its lists need.

-- Every change by a person, written in the transaction of the change. `before` and `after` are JSON.
create table audit_entry (
  id bigint generated always as identity primary key,
  occurred_at timestamptz not null default now(),
  actor_user_id text not null references app_user (id),
  action text not null,
  subject_type text not null,
  subject_id text not null,
  tenant_id text references tenant (id),
  before text,
  after text,
  reason text,
  trace_id text not null
);
create index audit_entry_subject on audit_entry (subject_type, subject_id, id desc);
create index audit_entry_tenant on audit_entry (tenant_id, id desc) where tenant_id is not null;
create index audit_entry_actor on audit_entry (actor_user_id, id desc);
create index audit_entry_action on audit_entry (action, id desc);
create index audit_entry_trace on audit_entry (trace_id);
grant select on audit_entry to billing_app;
grant insert (actor_user_id, action, subject_type, subject_id, tenant_id, before, after, reason, trace_id) on audit_entry to billing_app;
create trigger audit_is_append_only before update or delete on audit_entry
  for each row execute function refuse_ledger_change();
create trigger audit_is_never_emptied before truncate on audit_entry
  for each statement execute function refuse_ledger_change();

-- Tenants and their people. The server can neither make an operator nor set a password, but through a link.
alter table tenant add column disabled_at timestamptz;
create index tenant_newest on tenant (created_at desc, id desc);
create index tenant_by_name on tenant (lower(name) text_pattern_ops);
grant insert (id, slug, name, country) on tenant to billing_app;
grant update (name, country, disabled_at) on tenant to billing_app;
grant insert (id, tenant_id, name, email, role) on app_user to billing_app;
grant update (name, role, disabled_at) on app_user to billing_app;

create table password_link (
  token_hash text primary key,
  user_id text not null references app_user (id),
  created_by text not null references app_user (id),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz
);
create index password_link_user on password_link (user_id);
grant select, delete on password_link to billing_app;
grant insert (token_hash, user_id, created_by, expires_at) on password_link to billing_app;

-- Whoever can make a link can become its user: never an operator, or one person could be two.
create function refuse_link_of_operator() returns trigger
language plpgsql as $$
begin
  if exists (select from app_user u where u.id = new.user_id and u.operator) then
    raise exception 'No password link for an operator.' using errcode = 'check_violation';
  end if;
  return new;
end
$$;
create trigger password_link_is_for_tenants before insert on password_link
  for each row execute function refuse_link_of_operator();

-- Sets a password once, and ends the user's sessions. Null: the link is used, over, or unknown.
create function use_password_link(hash_of_token text, new_password_hash text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  owner_id text;
begin
  update password_link l set used_at = now()
  from app_user u
  where l.token_hash = hash_of_token and l.used_at is null and l.expires_at > now()
    and u.id = l.user_id and u.disabled_at is null and not u.operator
  returning l.user_id into owner_id;
  if owner_id is not null then
    update app_user set password_hash = new_password_hash where id = owner_id;
    delete from session where user_id = owner_id;
  end if;
  return owner_id;
end
$$;
revoke execute on function use_password_link(text, text) from public;
grant execute on function use_password_link(text, text) to billing_app;

-- Corrections of a balance by hand. Above the threshold a second operator decides.
create table adjustment (
  id text primary key default 'adj_' || gen_random_uuid()::text,
  tenant_id text not null references tenant (id),
  type text not null check (type in ('LICENSE_30D', 'LICENSE_365D', 'DEVICE_SLOT')),
  delta integer not null check (delta between -10000 and 10000 and delta <> 0),
  -- the lot: the first instant at which its credits can no longer be used, as exact as the server reads times
  expires_at timestamptz(3) not null,
  reason text not null check (btrim(reason) <> ''),
  requested_by text not null references app_user (id),
  requested_at timestamptz not null default now(),
  request_key text not null unique,
  needs_approval boolean not null default true,
  status text not null default 'OPEN' check (status in ('OPEN', 'BOOKED', 'REJECTED')),
  decided_by text references app_user (id),
  decided_at timestamptz,
  decision_note text,
  unique (id, tenant_id),
  check ((status = 'OPEN') = (decided_by is null)),
  check ((decided_by is null) = (decided_at is null)),
  constraint adjustment_four_eyes check (status <> 'BOOKED' or not needs_approval or decided_by <> requested_by)
);
create index adjustment_tenant on adjustment (tenant_id, requested_at desc, id desc);
create index adjustment_open on adjustment (requested_at, id) where status = 'OPEN';
create index adjustment_requester on adjustment (requested_by, tenant_id, requested_at);
grant select on adjustment to billing_app;
grant insert (tenant_id, type, delta, expires_at, reason, requested_by, request_key) on adjustment to billing_app;
grant update (status, decided_by, decided_at, decision_note) on adjustment to billing_app;

-- More than 10 credits of one tenant by one person within a day need a second one. In small pieces it is the same sum.
create function adjustment_asks() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  alone bigint;
begin
  if not exists (select from app_user u where u.id = new.requested_by and u.operator) then
    raise exception 'Only an operator corrects a balance.' using errcode = 'check_violation';
  end if;
  perform from tenant t where t.id = new.tenant_id for no key update;
  select coalesce(sum(abs(a.delta)), 0) into alone from adjustment a
  where a.requested_by = new.requested_by and a.tenant_id = new.tenant_id and not a.needs_approval
    and a.status <> 'REJECTED' and a.requested_at > now() - interval '24 hours';
  new.needs_approval := abs(new.delta) + alone > 10;
  return new;
end
$$;
create trigger adjustment_asks before insert on adjustment for each row execute function adjustment_asks();

create function adjustment_is_decided_once() returns trigger
language plpgsql as $$
begin
  if tg_op = 'DELETE' or old.status <> 'OPEN' then
    raise exception 'An adjustment is decided once: % refused.', tg_op using errcode = 'restrict_violation';
  end if;
  if not exists (select from app_user u where u.id = new.decided_by and u.operator) then
    raise exception 'Only an operator decides.' using errcode = 'check_violation';
  end if;
  return new;
end
$$;
create trigger adjustment_is_decided_once before update or delete on adjustment
  for each row execute function adjustment_is_decided_once();

-- The server's role books no correction that was not decided, and each one once.
create unique index tenant_credit_ledger_adjustment on tenant_credit_ledger (ref_id)
  where reason = 'MANUAL_ADJUST' and starts_with(ref_id, 'adj_');
create function adjustment_was_decided() returns trigger
language plpgsql as $$
begin
  if (current_user = 'billing_app' or starts_with(new.ref_id, 'adj_')) and not exists (
    select from adjustment a
    where a.id = new.ref_id and a.status = 'BOOKED'
      and (a.tenant_id, a.type, a.delta, a.expires_at) = (new.tenant_id, new.type, new.delta, new.expires_at))
  then
    raise exception 'No decided adjustment fits this row.' using errcode = 'check_violation';
  end if;
  return null;
end
$$;
create trigger adjustment_was_decided after insert on tenant_credit_ledger
  for each row when (new.reason = 'MANUAL_ADJUST') execute function adjustment_was_decided();

-- Refunds asked for here. The id is Stripe's idempotency key, so that asking again is not paying twice.
create table refund_request (
  id text primary key default 'rr_' || gen_random_uuid()::text,
  order_id text not null,
  tenant_id text not null,
  amount_cents integer not null check (amount_cents > 0),
  reason text not null check (btrim(reason) <> ''),
  requested_by text not null references app_user (id),
  requested_at timestamptz not null default now(),
  request_key text not null unique,
  -- OPEN: Stripe's answer is not known yet
  status text not null default 'OPEN' check (status in ('OPEN', 'SENT', 'REFUSED')),
  stripe_refund_id text unique,
  failure text,
  settled_at timestamptz,
  foreign key (order_id, tenant_id) references billing_order (id, tenant_id),
  check ((status = 'SENT') = (stripe_refund_id is not null))
);
create index refund_request_order on refund_request (order_id, requested_at);
create index refund_request_open on refund_request (requested_at) where status = 'OPEN';
grant select on refund_request to billing_app;
grant insert (order_id, tenant_id, amount_cents, reason, requested_by, request_key) on refund_request to billing_app;
grant update (status, stripe_refund_id, failure, settled_at) on refund_request to billing_app;

-- Long work that a person has asked for; a server does it beside its requests. One of a kind at a time.
create table task (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('REPLAY', 'VERIFY', 'RECONCILE')),
  request text not null default '{}',
  requested_by text not null references app_user (id),
  requested_at timestamptz not null default now(),
  trace_id text not null,
  started_at timestamptz,
  finished_at timestamptz,
  total integer,
  done integer not null default 0,
  -- where a task goes on whose server has died
  position text,
  result text,
  failure text
);
create unique index task_running on task (kind) where finished_at is null;
create index task_newest on task (kind, id desc);
grant select on task to billing_app;
grant insert (kind, request, requested_by, trace_id) on task to billing_app;
grant update (started_at, finished_at, total, done, position, result, failure) on task to billing_app;

-- What came of each event of a replay.
create table replay_result (
  task_id bigint not null references task (id),
  seq integer not null,
  event_id text not null references stripe_event (id),
  result text not null,
  detail text,
  primary key (task_id, seq)
);
create index replay_result_kind on replay_result (task_id, result, seq);
create index replay_result_event on replay_result (event_id, task_id desc);
grant select, insert on replay_result to billing_app;

-- The catalogue: what comparing a SKU with Stripe's price came to. null: nothing wrong, or never compared.
alter table billing_sku add column price_fault text, add column price_checked_at timestamptz;
grant update (price_fault, price_checked_at) on billing_sku to billing_app;

-- Codes that were made together.
alter table promo_code add column batch_id text;
create index promo_code_batch on promo_code (batch_id) where batch_id is not null;
create index promo_code_newest on promo_code (created_at desc, id desc);
create index promo_redemption_newest on promo_redemption (promo_code_id, redeemed_at desc, id desc);

-- The lists over all tenants, newest first, also when only a few rows fit the filter.
create index billing_order_newest on billing_order (created_at desc, id desc);
create index billing_order_status on billing_order (status, created_at desc, id desc);
create index billing_order_review on billing_order (created_at desc, id desc) where review_reason is not null;
create index billing_order_user on billing_order (user_id, created_at desc, id desc) where user_id is not null;
create index stripe_event_unsettled on stripe_event (status, received_at desc, id desc) where status <> 'PROCESSED';
create index stripe_event_type on stripe_event (type, received_at desc, id desc);
create index stripe_event_tenant on stripe_event (tenant_id, received_at desc, id desc) where tenant_id is not null;
