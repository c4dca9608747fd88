import type { FieldValues, Path } from 'react-hook-form'
import { Field, Input } from '../ui/Field.tsx'
import { REQUIRED, type ApiForm } from './Form.tsx'

type Values = FieldValues & { chainPath: string; keyPath: string; reload: string }
export const INSTALL_DEFAULTS = {
  chainPath: '/etc/ssl/site.pem',
  keyPath: '/etc/ssl/site.key',
  reload: 'systemctl reload nginx',
}

/** Where in a machine a certificate is put, and what makes its server read it. */
export function InstallFields<V extends Values, Answer>({
  of: { form, errorOf },
}: {
  of: ApiForm<V, Answer>
}) {
  const field = (name: 'chainPath' | 'keyPath' | 'reload') =>
    form.register(name as Path<V>, { required: REQUIRED })
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field label="File of the chain" error={errorOf('chainPath')}>
        <Input spellCheck={false} {...field('chainPath')} />
      </Field>
      <Field label="File of the key" error={errorOf('keyPath')}>
        <Input spellCheck={false} {...field('keyPath')} />
      </Field>
      <Field
        label="Command"
        hint="It has the server read the files. When it fails, the files from before are put back."
        error={errorOf('reload')}
      >
        <Input spellCheck={false} {...field('reload')} />
      </Field>
    </div>
  )
}
