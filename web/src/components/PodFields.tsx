import { useQuery } from '@tanstack/react-query'
import type { FieldValues, Path } from 'react-hook-form'
import { t } from '../../../shared/text.ts'
import { regionsQuery } from '../api/cloudPods.ts'
import { Field, Input, Select, Textarea } from '../ui/Field.tsx'
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
            t`Lower-case letters, digits and hyphens, in labels separated by dots.`,
        })}
      />
    </Field>
  )
}

type PodValues = FieldValues & { hostname: string; sshKeys: string; region: string }

/** What is typed, as the API takes it. */
export const podValues = ({ hostname, sshKeys, region }: PodValues) => ({
  hostname: hostname.trim(),
  sshKeys: sshKeys.trim() || null,
  region: region || null,
})

/** Host name, keys and region: what every new pod asks for, ordered or not. */
export function PodFields<Values extends PodValues, Answer>({ of }: { of: ApiForm<Values, Answer> }) {
  const { form, errorOf } = of
  const sshKeys = 'sshKeys' as Path<Values>
  const region = 'region' as Path<Values>
  const regions = useQuery(regionsQuery()).data?.items ?? []
  return (
    <>
      <HostnameField of={of} hint="Such as web1.example.com." />
      {regions.length > 0 && (
        <Field label="Region" error={errorOf(region)}>
          <Select {...form.register(region)}>
            <option value="">Wherever there is room</option>
            {regions.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </Select>
        </Field>
      )}
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
