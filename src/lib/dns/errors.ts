/** What is wrong with a name, a record or a line of a zone file, in a sentence for whoever wrote it. */
export class DnsError extends Error {}
