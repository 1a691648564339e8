import type { OrderStatus } from "~/billing/order-status";
import { Badge, type Tone } from "./badge";
import { Icon, type IconName } from "./icon";

const STATUS: Record<OrderStatus, [name: string, tone: Tone, icon: IconName]> = {
  PENDING: ["Zahlung offen", "neutral", "clock-dashed"],
  PROCESSING: ["Zahlung wird verarbeitet", "info", "clock"],
  PAID: ["Bezahlt", "positive", "check-circle"],
  PARTIALLY_REFUNDED: ["Teilweise rückerstattet", "neutral", "return"],
  REFUNDED: ["Rückerstattet", "neutral", "return"],
  EXPIRED: ["Abgelaufen", "neutral", "minus-circle"],
  FAILED: ["Fehlgeschlagen", "danger", "cross-circle"],
  DISPUTED: ["Zahlung angefochten", "notice", "shield"],
};

/** How it stands with an order; a second badge while a person looks into it. */
export function OrderBadge({ status, inReview }: { status: OrderStatus; inReview: boolean }) {
  const [name, tone, icon] = STATUS[status];
  return (
    <span className="inline-flex flex-wrap gap-1.5">
      <Badge tone={tone} icon={<Icon name={icon} />}>
        {name}
      </Badge>
      {inReview ? (
        <Badge tone="notice" icon={<Icon name="eye" />}>
          In Prüfung
        </Badge>
      ) : null}
    </span>
  );
}
