import type { UseFormRegisterReturn } from 'react-hook-form'
import { t } from '../../../../shared/text.ts'
import { REQUIRED } from '../../components/Form.tsx'
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx'

export type WhmcsValues = {
  url: string
  identifier: string
  secret: string
  accessKey: string
  hookSecret: string
  authority: 'mpanel' | 'provider'
  whmcsCharges: boolean
}

export const NO_WHMCS: WhmcsValues = {
  url: '',
  identifier: '',
  secret: '',
  accessKey: '',
  hookSecret: '',
  authority: 'mpanel',
  whmcsCharges: false,
}

/** What opens a WHMCS, as the API wants it. */
export const accessOf = ({ identifier, secret, accessKey }: WhmcsValues) => ({
  identifier,
  secret,
  accessKey: accessKey.trim() || null,
})
export const whmcsOf = (values: WhmcsValues) => ({ url: values.url.trim(), ...accessOf(values) })
export const booksOf = ({ hookSecret, authority, whmcsCharges }: WhmcsValues) => ({
  webhookSecret: hookSecret.trim() || null,
  authority,
  chargesAutomatically: authority === 'mpanel' && whmcsCharges,
})

/** The part of a form that has these fields; the rest of it is no matter here. */
export type WhmcsRegister = (
  name: keyof WhmcsValues,
  options?: { required?: string },
) => UseFormRegisterReturn
type Of = {
  register: WhmcsRegister
  errorOf: (path: string) => string | undefined
}

export function WhmcsAccess({ register, errorOf, withUrl = false }: Of & { withUrl?: boolean }) {
  const needed = withUrl ? { required: REQUIRED } : {}
  return (
    <>
      {withUrl && (
        <Field
          label="Address of WHMCS"
          hint="As customers open it, such as https://my.example.com."
          error={errorOf('url')}
        >
          <Input type="url" {...register('url', needed)} />
        </Field>
      )}
      <Field
        label="API identifier"
        optional={!withUrl}
        hint="Of an API credential in WHMCS, under Manage API Credentials, with a role of its own."
        error={errorOf('identifier')}
      >
        <Input autoComplete="off" {...register('identifier', needed)} />
      </Field>
      <Field label="API secret" optional={!withUrl} error={errorOf('secret')}>
        <Input type="password" autoComplete="off" {...register('secret', needed)} />
      </Field>
      <Field
        label="Access key"
        optional
        hint="Only if mPanel’s address is not on the list of allowed ones in WHMCS."
        error={errorOf('accessKey')}
      >
        <Input type="password" autoComplete="off" {...register('accessKey')} />
      </Field>
    </>
  )
}

export function WhmcsBooks({ register, errorOf, isOwn }: Of & { isOwn: boolean }) {
  return (
    <>
      <Field
        label="Hook secret"
        optional
        hint="At least 24 characters that you choose, the same as in the hook file. Nothing: it stays as it is."
        error={errorOf('hookSecret') ?? errorOf('webhookSecret')}
      >
        <Input type="password" autoComplete="off" {...register('hookSecret')} />
      </Field>
      <Field
        label="Whose invoices count"
        hint={
          isOwn
            ? t`mPanel issues invoices; WHMCS is where they are paid.`
            : t`WHMCS issues invoices and suspends; mPanel takes them over as a record and issues none.`
        }
        error={errorOf('authority')}
      >
        <Select {...register('authority')}>
          <option value="mpanel">Those of mPanel</option>
          <option value="provider">Those of WHMCS</option>
        </Select>
      </Field>
      {isOwn && <Checkbox label="Charge due invoices by themselves" {...register('whmcsCharges')} />}
    </>
  )
}
