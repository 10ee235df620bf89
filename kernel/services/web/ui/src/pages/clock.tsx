/** The time in UTC, for comparing the clocks of browser and server. */
export function ClockPage() {
  return <p>{new Date().toISOString()}</p>;
}
