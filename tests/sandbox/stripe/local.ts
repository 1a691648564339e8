import type Stripe from "stripe";
import type { Fact } from "./events";
import type { State } from "./state";

/** The API request that caused something; both null when a person or a timer did. */
export interface Cause {
  id: string | null;
  idempotency_key: string | null;
}

/** What happened to a fact: its event, and when the first delivery attempt was over. */
export interface Emitted {
  event: Stripe.Event;
  firstAttempt: Promise<void>;
}

/** What every noun of the local Stripe is handed: its state, its clock, its address and its voice. */
export interface Local {
  state: State;
  /** The clock, in ms. */
  now(): number;
  /** The clock, in Unix seconds, as Stripe writes times. */
  seconds(): number;
  /** Origin of the served pages, without a slash at the end. */
  origin(): string;
  livemode: boolean;
  /** Records a fact as an event and starts its delivery. */
  emit(fact: Fact, cause?: Cause): Emitted;
}
