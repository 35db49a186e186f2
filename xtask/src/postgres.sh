# Keeps one private PostgreSQL for as long as standard input stays open.
#   $1  the folder of PostgreSQL's programs
#   $2  the loopback port to serve
# Prints the address when it is ready to serve; closing the input ends and removes it.
set -eu
umask 077
programs=$1
port=$2

# Short, because a socket's path may have no more than 107 bytes.
home=$(mktemp -d /tmp/keyward-postgres.XXXXXX)
finish() {
    if [ -f "$home/data/postmaster.pid" ]; then
        "$programs/pg_ctl" stop --silent --wait --mode=immediate --pgdata="$home/data" || true
    fi
    rm -rf "$home"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# A superuser may run programs, so other users of the machine must not get in.
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s' "$password" >"$home/password"

# The ordering of a natural language, as most clusters have it: a statement that leans on
# the order of bytes without saying so fails here and not at an operator's.
"$programs/initdb" --pgdata="$home/data" --username=keyward --pwfile="$home/password" \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 \
    --locale-provider=icu --icu-locale=en-US --no-sync >"$home/log" 2>&1 ||
    { cat "$home/log" >&2; exit 1; }

# Durability is for data that someone wants to keep.
"$programs/pg_ctl" start --silent --wait --pgdata="$home/data" --log="$home/log" --options="\
 -c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$home\
 -c max_connections=400 -c fsync=off -c synchronous_commit=off -c full_page_writes=off" ||
    { cat "$home/log" >&2; exit 1; }

echo "postgres://keyward:$password@127.0.0.1:$port/postgres"
read -r _ || true
