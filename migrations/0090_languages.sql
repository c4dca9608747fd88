-- Mails and documents in the language of who reads them, as a BCP 47 tag such as de-AT.

-- Null: this user has chosen none.
alter table users add column language text check (length(language) <= 35);
-- Fixed with the issue. Null: issued before languages were kept, in English.
alter table invoices add column language text check (length(language) <= 35);
alter table credit_notes add column language text check (length(language) <= 35);
