/** Where the admin API and the page that sells packages answer. */
export const PACKAGES_API = "/api/admin/v1/billing/packages";
export const OVERVIEW_API = "/api/admin/v1/billing/overview";
export const CHECKOUT_API = "/api/admin/v1/billing/checkout";
export const PACKAGES_PAGE = "/admin/billing/packages";

/** What only insiders should read. */
export const INTERNAL =
  /node_modules|\n\s+at |\.(ts|js):\d+|PostgresError|ZodError|TypeError|ECONN|syntax error|relation "|violates|insert into|select .* from|password_hash|sk_test_|whsec_|postgres:\/\//i;
export const CONSUME_API = "/api/admin/v1/billing/consume";
export const REDEEM_API = "/api/admin/v1/billing/redeem";
export const LEDGER_API = "/api/admin/v1/billing/ledger";
export const LEDGER_CSV = "/admin/billing/ledger.csv";
