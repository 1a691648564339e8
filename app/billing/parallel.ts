/** Runs `work` over the items in their order, `beside` of them at a time. Waits for all; then throws the first failure. */
export async function inParallel<T>(
  items: readonly T[],
  beside: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  // One iterator, taken from by every lane.
  const queue = items.values();
  const lane = async () => {
    for (const item of queue) await work(item);
  };
  const lanes = await Promise.allSettled(Array.from({ length: beside }, lane));
  const failed = lanes.find((it) => it.status === "rejected");
  if (failed) throw failed.reason;
}
