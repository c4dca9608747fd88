export type WebhookTarget = { url: string; secret: string; ca?: string | undefined }

export type WebhookDelivery = {
  /** The same for a repeated delivery. */
  id: string
  at: Date
  body: unknown
}
