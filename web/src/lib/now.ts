let aheadMs = 0

/** The server's time may be simulated, and is then ahead of this machine's: what is shown goes by it. */
export const goAhead = (ms: number): void => void (aheadMs = ms)

/** What time it is for mPanel. */
export const nowMs = (): number => Date.now() + aheadMs
