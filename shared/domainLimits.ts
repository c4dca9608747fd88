/** RFC 5733, pcType: `<contact:pc>` has no place for more. */
export const MAX_POSTCODE = 16
