import type { FieldValues, Path } from 'react-hook-form'
import { Field, Input, Textarea } from '../ui/Field.tsx'
import { REQUIRED, type ApiForm } from './Form.tsx'

export const HOSTNAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/

export function HostnameField<Values extends FieldValues & { hostname: string }, Answer>({
  of: { form, errorOf },
  hint,
}: {
  of: ApiForm<Values, Answer>
  hint: string
}) {
  const hostname = 'hostname' as Path<Values>
  return (
    <Field label="Host name" hint={hint} error={errorOf(hostname)}>
      <Input
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={253}
        {...form.register(hostname, {
          required: REQUIRED,
          validate: (typed: string) =>
            HOSTNAME.test(typed.trim()) ||
            'Lower-case letters, digits and hyphens, in labels separated by dots.',
        })}
      />
    </Field>
  )
}

/** Host name and keys: what every new pod asks for, ordered or not. */
export function PodFields<Values extends FieldValues & { hostname: string; sshKeys: string }, Answer>({
  of,
}: {
  of: ApiForm<Values, Answer>
}) {
  const { form, errorOf } = of
  const sshKeys = 'sshKeys' as Path<Values>
  return (
    <>
      <HostnameField of={of} hint="Such as web1.example.com." />
      <Field
        label="SSH keys"
        optional
        hint="Public keys in OpenSSH form, one a line. Without one, nobody can log in over SSH."
        error={errorOf(sshKeys)}
      >
        <Textarea rows={3} spellCheck={false} className="font-mono text-[13px]" {...form.register(sshKeys)} />
      </Field>
    </>
  )
}
