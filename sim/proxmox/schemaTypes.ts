export type Prop = {
  type: 'string' | 'integer' | 'number' | 'boolean' | 'array'
  required?: boolean
  format?: string | PropertyFormat
  enum?: readonly string[]
  min?: number
  max?: number
  minLength?: number
  maxLength?: number
  pattern?: RegExp
  requires?: string
}

/** A comma-separated option such as `virtio=MAC,bridge=vmbr0`: its keys and the one that may stand without `key=`. */
export type PropertyFormat = {
  defaultKey?: string
  keys: Record<string, Prop>
  /** Resolves aliases such as `virtio=MAC` before the keys are checked. */
  normalize?: (found: Properties) => Properties
}

export type Properties = Record<string, string>

/** Keys may be numbered: `net[32]` stands for `net0` … `net31`. */
export type Schema = Record<string, Prop>
