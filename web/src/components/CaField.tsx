import type { UseFormRegisterReturn } from 'react-hook-form'
import { t } from '../../../shared/text.ts'
import { Field, Textarea } from '../ui/Field.tsx'

/** What may be typed as a CA certificate: nothing, or PEM. */
export const CA_RULES = {
  validate: (typed: string) =>
    typed.trim() === '' ||
    typed.includes('-----BEGIN CERTIFICATE-----') ||
    t`It begins with -----BEGIN CERTIFICATE-----.`,
}

/** By which authority a server is believed. `field`: registered with `CA_RULES`. */
export const CaField = ({ field, error }: { field: UseFormRegisterReturn; error: string | undefined }) => (
  <Field
    label="CA certificate (PEM)"
    optional
    hint="Only when its certificate is not from a public authority."
    error={error}
  >
    <Textarea rows={4} spellCheck={false} className="font-mono text-[13px]" {...field} />
  </Field>
)
