import { useEffect, useState } from 'react'

/** The value once it has been still for a moment: for searching while somebody types. */
export function useDebounced<T>(value: T, delayMs = 250): T {
  const [still, setStill] = useState(value)
  useEffect(() => {
    const timer = setTimeout(setStill, delayMs, value)
    return () => clearTimeout(timer)
  }, [value, delayMs])
  return still
}
