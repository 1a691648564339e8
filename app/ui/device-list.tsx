import { Form, Link } from "@remix-run/react";
import { Badge } from "./badge";
import { Confirm, ConfirmButtons } from "./confirm";
import type { DeviceQuestion, DeviceWords, SlotWords } from "./device-words";
import { Icon } from "./icon";
import { Segments } from "./segments";
import { SubmitButton } from "./submit-button";

/** How many slots are taken, and the way to more. */
export function SlotPanel({ slots: { taken, all, title, rest, more } }: { slots: SlotWords }) {
  return (
    <section aria-labelledby="slots" className="rounded-lg bg-sunken p-7">
      <div className="flex flex-wrap items-baseline justify-between gap-x-6 gap-y-1">
        <h2 id="slots" className="text-lg font-semibold tracking-tight">
          {title}
        </h2>
        <p className="text-soft">
          {rest}{" "}
          <Link className="link" to={more.to}>
            {more.label}
          </Link>
        </p>
      </div>
      <Segments taken={taken} all={all} />
    </section>
  );
}

/** The devices. `refusedId`: the sentence that says why this person may change none; null when it may. */
export function DeviceTable({ devices, refusedId }: { devices: DeviceWords[]; refusedId: string | null }) {
  return (
    <table className="table table-rows">
      <caption className="sr-only">Erfasste Geräte</caption>
      <thead>
        <tr>
          <th scope="col">Gerät</th>
          <th scope="col">Status</th>
          <th scope="col" className="max-sm:hidden">
            Zuletzt gesehen
          </th>
          <th scope="col" className="max-sm:hidden">
            Erfasst
          </th>
          <th scope="col">
            <span className="sr-only">Aktion</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {devices.map((device) => (
          <DeviceRow key={device.id} device={device} refusedId={refusedId} />
        ))}
      </tbody>
    </table>
  );
}

function DeviceRow({ device, refusedId }: { device: DeviceWords; refusedId: string | null }) {
  const { id, name, active, change } = device;
  const seen = <Moment at={device.seen} />;
  const created = <Moment at={device.created} />;
  return (
    <tr>
      <th scope="row" className="wrap-anywhere">
        {name}
        <span className="mt-0.5 block text-sm font-normal text-mute sm:hidden">Gesehen: {seen}</span>
        <span className="block text-sm font-normal text-mute sm:hidden">Erfasst: {created}</span>
      </th>
      <td>
        <Badge tone={active ? "positive" : "neutral"} icon={<Icon name={active ? "check-circle" : "lock"} />}>
          {active ? "Aktiv" : "Gesperrt"}
        </Badge>
      </td>
      <td className="text-soft max-sm:hidden">{seen}</td>
      <td className="text-soft max-sm:hidden">{created}</td>
      <td className="text-end">
        {refusedId ? (
          <button type="button" disabled aria-describedby={refusedId} className="cursor-not-allowed text-mute">
            {change.label}
            <span className="sr-only">: {name}</span>
          </button>
        ) : (
          <Link id={`geraet-${id}`} className="link" to={change.to} preventScrollReset>
            {change.label}
            <span className="sr-only">: {name}</span>
          </Link>
        )}
      </td>
    </tr>
  );
}

function Moment({ at: { iso, text } }: { at: DeviceWords["seen"] }) {
  return iso ? (
    <time dateTime={iso} className="num">
      {text}
    </time>
  ) : (
    text
  );
}

/** The question before a device is blocked or works again. `here`: the list, with its page. */
export function DeviceConfirm({ question, here }: { question: DeviceQuestion; here: string }) {
  const { intent, deviceId, title, text, verb, busy } = question;
  return (
    <Confirm title={title} back={here} trigger={`geraet-${deviceId}`}>
      <p className="mt-2 text-soft">{text}</p>
      <Form method="post" action={here} preventScrollReset>
        <input type="hidden" name="deviceId" value={deviceId} />
        <input type="hidden" name="intent" value={intent} />
        <ConfirmButtons back={here}>
          <SubmitButton busy={busy} tone={intent === "disable" ? "danger" : "primary"}>
            {verb}
          </SubmitButton>
        </ConfirmButtons>
      </Form>
    </Confirm>
  );
}
