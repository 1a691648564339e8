import type postgres from "postgres";

/**
 * Lets a test decide what time a database believes it is, without a change in the app: a schema `clock`, searched before
 * pg_catalog, has a `now()` that reads a table. Column defaults that were bound to the real clock follow. Ledger rows still
 * note when they were really written; nothing decides on that. New connections only.
 */
export async function installClock(owner: postgres.Sql): Promise<void> {
  await owner`create schema clock`;
  await owner`create table clock.at (now timestamptz not null)`;
  await owner`insert into clock.at values (pg_catalog.now())`;
  await owner`create function clock.now() returns timestamptz language sql stable as 'select now from clock.at'`;
  await owner`grant usage on schema clock to billing_app`;
  await owner`grant select on clock.at to billing_app`;
  const defaults = await owner<{ table: string; column: string; value: string }[]>`
    select table_name as table, column_name as column, column_default as value from information_schema.columns
    where table_schema = 'public' and column_default like '%now()%'`;
  for (const { table, column, value } of defaults) {
    const moved = value.replaceAll(/(pg_catalog\.)?now\(\)/g, "clock.now()");
    await owner.unsafe(`alter table ${table} alter column ${column} set default ${moved}`);
  }
  const [database] = await owner<{ name: string }[]>`select current_database() as name`;
  await owner.unsafe(`alter database ${database?.name} set search_path = clock, pg_catalog, public`);
}
