"""Print the key that stands for an e-mail address outside schema pii. The address is read from standard input.

    python -m include.email_key

It is typed, never given as an argument: arguments stand in the shell's history and in the list of processes. The key of
the hash is that of the Airflow connection `email_hash_key`.
"""

import sys
from getpass import getpass

from include.clients import email_hash_key
from include.sources.orders import email_hasher


def main() -> None:
    address = (getpass("E-mail address (not shown): ") if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if "@" not in address:
        sys.exit("that is no e-mail address; nothing was computed")
    print(email_hasher(email_hash_key())(address))


if __name__ == "__main__":
    main()
