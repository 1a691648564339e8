import { Form, Link } from "@remix-run/react";
import { Confirm, ConfirmButtons } from "./confirm";
import type { CouponUseRow } from "./coupon-words";
import { SubmitButton } from "./submit-button";

/** Off with a question before, on again without: nothing is lost by it. */
export function CouponSwitch({ isOff }: { isOff: boolean }) {
  if (isOff) {
    return (
      <Form method="post" action=".">
        <input type="hidden" name="intent" value="enable" />
        <SubmitButton intent="enable" busy="Wird eingeschaltet …" tone="secondary">
          Einschalten
        </SubmitButton>
      </Form>
    );
  }
  return (
    <Link id="aus" className="btn btn-secondary" to="?bestaetigen=aus" preventScrollReset>
      Ausschalten
    </Link>
  );
}

/** The question before a code is switched off. */
export function CouponOffQuestion({ code }: { code: string }) {
  return (
    <Confirm title={`Code ${code} ausschalten?`} back="." trigger="aus">
      <p className="mt-2 text-soft">Er kann dann nicht mehr eingelöst werden. Was eingelöst wurde, bleibt.</p>
      <Form method="post" action=".">
        <input type="hidden" name="intent" value="disable" />
        <ConfirmButtons back=".">
          <SubmitButton intent="disable" busy="Wird ausgeschaltet …" tone="danger">
            Ausschalten
          </SubmitButton>
        </ConfirmButtons>
      </Form>
    </Confirm>
  );
}

/** Who redeemed a code, newest first. */
export function CouponUses({ uses }: { uses: CouponUseRow[] }) {
  if (uses.length === 0) return <p className="text-soft">Noch nie eingelöst.</p>;
  return (
    <ul>
      {uses.map(({ id, tenant, who, iso, when }) => (
        <li key={id} className="flex flex-wrap justify-between gap-x-6 border-line border-t py-2.5 first:border-0">
          <span className="wrap-anywhere min-w-0">
            <Link className="link" to={`/operator/tenants/${encodeURIComponent(tenant.id)}`}>
              <bdi>{tenant.name}</bdi>
            </Link>
            <span className="block text-sm text-mute">
              <bdi>{who}</bdi>
            </span>
          </span>
          <time dateTime={iso} className="num text-soft">
            {when}
          </time>
        </li>
      ))}
    </ul>
  );
}
