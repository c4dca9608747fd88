import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Mail as MailIcon } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { mailQuery, mailsQuery, type Mail, type MailBody } from '../../api/mails.ts'
import { ChoiceFilter, Filters, oneOf, SearchFilter } from '../../components/Filters.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'

const route = getRouteApi('/t/$tenant/mail')
const STATES = ['queued', 'sent', 'failed', 'kept'] as const

export default function MailsPage() {
  const { can } = useSession()
  const { page, ...filter } = route.useSearch()
  const navigate = route.useNavigate()
  const [open, setOpen] = useState<Mail | null>(null)
  const state = oneOf(STATES, filter.state)
  const query = useQuery({
    ...mailsQuery({ state, q: filter.q, cursor: cursorOf(page) }),
    enabled: can('mails:read', null),
  })
  const change = (part: Partial<typeof filter>) =>
    void navigate({ search: { ...filter, ...part }, replace: true })
  const outbox = query.data?.outbox === true
  const columns: Column<Mail>[] = [
    { header: t`When`, narrow: true, from: 'sm', render: ({ createdAt }) => <Time at={createdAt} /> },
    {
      header: t`Mail`,
      render: ({ subject, to, lastError, state: now }) => (
        <>
          <span className="font-medium break-words">{subject}</span>
          <div className="text-[13px] break-all text-muted">{to}</div>
          {lastError !== null && now !== 'sent' && (
            <div className="text-[13px] break-words text-danger-text">{lastError}</div>
          )}
        </>
      ),
    },
    { header: t`State`, narrow: true, render: (mail) => <StateBadge of="mail" state={mail.state} /> },
    {
      header: t`Content`,
      narrow: true,
      align: 'right',
      render: (mail) => (
        <Button
          size="sm"
          aria-label={t`Open mail: ${mail.subject}, to ${mail.to}`}
          disabledReason={
            !outbox
              ? t`A mail server is set: what is in mails is not shown.`
              : mail.state === 'kept' || mail.state === 'queued'
                ? undefined
                : t`What was in it is removed once it is sent or has failed.`
          }
          onClick={() => setOpen(mail)}
        >
          Open mail
        </Button>
      ),
    },
  ]
  return (
    <Page title="Mail" permission="mails:read">
      {outbox && (
        <Notice tone="info" title="No mail server is set">
          Mails are kept here instead of being sent. Set <code>SMTP_URL</code> and{' '}
          <code>MPANEL_MAIL_FROM</code> to send them. Who opens one is noted in the audit log.
        </Notice>
      )}
      <Card flush>
        <Filters>
          <SearchFilter label="Whole e-mail address" value={filter.q} onChange={(q) => change({ q })} />
          <ChoiceFilter
            label="State"
            value={state}
            options={STATES}
            onChange={(chosen) => change({ state: chosen })}
          />
        </Filters>
        <List
          query={query}
          what="mails"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { ...filter, page: trail } })}
          empty={
            <EmptyState
              icon={MailIcon}
              title={filter.q || state ? t`No mail matches` : t`No mail has been written yet`}
            />
          }
        />
      </Card>
      <Dialog open={open !== null} onClose={() => setOpen(null)} title={open?.subject ?? ''} wide>
        {open && <OpenMail id={open.id} />}
      </Dialog>
    </Page>
  )
}

function OpenMail({ id }: { id: string }) {
  const query = useQuery(mailQuery(id))
  return (
    <Loaded query={query} what="mail">
      {(mail) => <Content mail={mail} />}
    </Loaded>
  )
}

/** As plain text; the addresses in it lead to where they say. */
function Content({ mail }: { mail: MailBody }) {
  return (
    <>
      <Facts
        facts={[
          [t`Recipient`, mail.to],
          [t`Sender`, mail.fromName],
          [t`Answers to`, mail.replyTo ?? '—'],
          [t`Written`, <Time key="at" at={mail.createdAt} />],
        ]}
      />
      <div
        lang={mail.language}
        className="rounded-md border border-line bg-raised p-3 break-words whitespace-pre-wrap"
      >
        {mail.text.split(/(https?:\/\/\S+)/).map((part, at) =>
          at % 2 === 1 ? (
            // oxlint-disable-next-line react/no-array-index-key -- the text does not change
            <a key={at} href={part} className="text-accent underline" rel="noreferrer">
              {part}
            </a>
          ) : (
            part
          ),
        )}
      </div>
    </>
  )
}
