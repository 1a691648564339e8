import type { Model, OrderModel } from "./model";

type Step = { order: OrderModel["id"]; does: "hear" | "look" };

/** How many serial orders are tried before the result counts as none of them. */
const MOST = 3_000;

/**
 * What a reconciliation may leave behind. It reads all open orders first, then works on the missing events of several orders at
 * once, so that every serial order of grants and clawbacks is right; the model takes the one that `fits`.
 * @returns whether there is one
 */
export function reconcileModel(model: Model, fits: (model: Model) => boolean): boolean {
  const { state } = model;
  for (const order of state.orders) {
    const isOpen = order.status === "PENDING" || order.status === "PROCESSING";
    if (isOpen && order.bound && state.now - order.placedAt > 600_000) model.settle(order);
  }
  const touched = new Set([...state.orders.filter((it) => !it.grant), ...model.behind()]);
  const steps = [...touched].flatMap((order): Step[] => [
    { order: order.id, does: "hear" },
    { order: order.id, does: "look" },
  ]);
  const start = structuredClone(state);
  let tried = 0;
  for (const serial of serials(steps)) {
    model.state = structuredClone(start);
    for (const step of serial) take(model, step);
    if (fits(model)) return true;
    tried += 1;
    if (tried === MOST) break;
  }
  return false;
}

/** All orders of the steps in which each order is heard of before it is looked at. The plain one comes first. */
function* serials(steps: Step[]): Generator<Step[]> {
  if (steps.length === 0) yield [];
  for (const first of steps) {
    const isEarly = first.does === "look" && steps.some((it) => it.order === first.order && it.does === "hear");
    if (isEarly) continue;
    const rest = steps.filter((it) => it !== first);
    for (const tail of serials(rest)) yield [first, ...tail];
  }
}

function take(model: Model, step: Step): void {
  const { orders, messages } = model.state;
  const n = orders.findIndex((it) => it.id === step.order);
  const order = model.orderAt(n);
  if (step.does === "look") {
    if (order.grant && model.behind().includes(order)) model.look(order);
    return;
  }
  for (const { fact, state } of messages) {
    const isNews = fact.says !== "other" && fact.says !== "look at the payment";
    if (fact.order === n && state === "under way" && isNews) model.hear(order, fact.says, fact.paid, fact.at);
  }
}
