import { useQueryClient } from '@tanstack/react-query'
import type { Language } from '../../../../shared/languages.ts'
import { t } from '../../../../shared/text.ts'
import { chooseLanguage, meQuery } from '../../api/session.ts'
import { useSubmit } from '../../api/submit.ts'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { useSession } from '../../components/session.ts'
import { LANGUAGE_NAMES } from '../../lib/language.ts'
import { Card } from '../../ui/Card.tsx'
import { Field, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

/** In which language mails to oneself are written. That of the pages is chosen in the account menu, which sets this one too. */
export function MailLanguage() {
  const { me } = useSession()
  const client = useQueryClient()
  const choose = useSubmit({
    send: chooseLanguage,
    onDone: () => {
      toast.done(t`Language of your mails saved`)
      void client.invalidateQueries({ queryKey: meQuery.queryKey })
    },
  })
  return (
    <Card title="Language">
      <div className="max-w-md space-y-4">
        {choose.error && <ErrorNotice error={choose.error} />}
        <Field
          label="Language of mails to you"
          hint={t`The language of these pages is chosen in the account menu, and mails follow it.`}
        >
          <Select
            value={me.user.language ?? ''}
            disabled={choose.isPending}
            onChange={({ target }) => choose.mutate((target.value || null) as Language | null)}
          >
            <option value="">That of who writes</option>
            {LANGUAGE_NAMES.map(([code, name]) => (
              <option key={code} value={code} lang={code}>
                {name}
              </option>
            ))}
          </Select>
        </Field>
      </div>
    </Card>
  )
}
