/**
 * Names that make a guest misbehave, so that failures can be clicked as well as programmed:
 * `fail-clone`, `disk-full`, `slow-clone`, `lost-clone` act while it is made, `fail-start` when it starts,
 * `ignores-shutdown` when it is asked to power off.
 */
export type Sentinel =
  | 'fail-clone'
  | 'disk-full'
  | 'slow-clone'
  | 'lost-clone'
  | 'fail-start'
  | 'ignores-shutdown'

export const hasSentinel = (name: string | undefined, sentinel: Sentinel): boolean =>
  name?.includes(sentinel) ?? false
