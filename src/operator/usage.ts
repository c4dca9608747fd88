/** The commands that speak with an mPanel over its API. What is not among them works on this machine. */
export const OPERATOR_USAGE = `  login                     [--url <address>] [--email <e-mail>]; by an API key, or by password and second factor
  logout                    end the session and forget the credential
  whoami                    who is logged in where
  list <kind>               [--tenant <t>] [--customer <c>] [--state <s>] [--search <words>] [--filter <name>=<value> …] [--limit <n> | --all]
                            pods customers subscriptions invoices domains certificates jobs tenants plans addons
                            blueprints
  show <kind> <which>       one of them, by its id or name
  order                     --customer <c> --plan <p> --blueprint <b> --hostname <h> [--interval month] [--currency EUR]
                            [--coupon <c>] [--addon <code>[=<how many>]]… [--region <r>] [--ssh-keys <file>]; shows what it costs; [--yes] [--wait]
  power <action> <pod>      start, stop, shutdown or reboot; [--wait]
  jobs watch <id>           until it has ended, with its progress
  completion <shell>        bash, zsh or fish: prints what makes the shell complete these commands

  --json prints what the API answers. MPANEL_URL and MPANEL_API_KEY go before the kept credential.
  Exit codes: 0 done, 1 refused, 2 wrong use, 3 not logged in, 4 not found, 5 no answer, 6 the job did not succeed`
