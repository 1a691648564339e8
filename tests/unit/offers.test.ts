import { expect, test } from "vitest";
import { compareOffers } from "~/billing/offers";

const sku = (id: string, amountCents: number, n30: number, n365 = 0, slots = 0, currency = "CHF") => ({
  id,
  currency,
  amountCents,
  grantLicense30d: n30,
  grantLicense365d: n365,
  grantDeviceSlots: slots,
});

const byId = (skus: ReturnType<typeof sku>[]) =>
  Object.fromEntries(compareOffers(skus).map((offer) => [offer.sku.id, offer]));

test("savings and break-even come from the single pack of the same type", () => {
  const offers = byId([sku("1", 3_900, 1), sku("3", 11_700, 3), sku("10", 29_000, 10)]);
  expect(offers["1"]).toMatchObject({
    savedCents: 0,
    worthFrom: null,
    best: false,
    unit: { quantity: 1, centsEach: 3_900 },
  });
  expect(offers["3"]).toMatchObject({ savedCents: 0, best: false });
  expect(offers["10"]).toMatchObject({
    savedCents: 10_000,
    worthFrom: 8,
    best: true,
    unit: { quantity: 10, centsEach: 2_900 },
  });
});

test("one best offer per tab, the greatest saving", () => {
  const offers = compareOffers([
    sku("1", 1_000, 1),
    sku("5", 4_500, 5),
    sku("10", 7_000, 10),
    sku("s1", 100, 0, 0, 1),
    sku("s2", 150, 0, 0, 2),
  ]);
  expect(offers.filter((offer) => offer.best).map((offer) => offer.sku.id)).toEqual(["10", "s2"]);
});

test("another currency, another type and a mixed pack do not compare", () => {
  const offers = byId([
    sku("chf", 1_000, 1),
    sku("eur", 1_500, 2, 0, 0, "EUR"),
    sku("365", 1_500, 0, 2),
    sku("mixed", 100, 1, 1),
  ]);
  expect(offers.eur?.savedCents).toBe(0);
  expect(offers["365"]?.savedCents).toBe(0);
  expect(offers.mixed).toMatchObject({ unit: null, savedCents: 0, kind: "LICENSE_30D" });
});

test("a dearer pack saves nothing, and without a single pack there is nothing to compare with", () => {
  expect(byId([sku("1", 100, 1), sku("3", 400, 3)])["3"]).toMatchObject({ savedCents: 0, worthFrom: null });
  expect(byId([sku("3", 400, 3)])["3"]).toMatchObject({ savedCents: 0, worthFrom: null });
});
