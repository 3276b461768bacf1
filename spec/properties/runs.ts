/** How often each property is tried: `FC_RUNS`, or enough for every change and few enough to wait for. */
export const runs = Number(process.env['FC_RUNS'] ?? 250);
