# Runs a PostgreSQL of its own in the folder $1 on port $2 until its input ends, however that comes about: then
# it is stopped, and the folder removed. A line of input (stop, start or restart) is done and answered.
# PostgreSQL refuses to run as root: there it runs as the user postgres.
set -u
folder=$1 port=$2

bin=
for candidate in "$(dirname "$(command -v initdb 2>/dev/null || echo none)")" /usr/lib/postgresql/*/bin; do
    if [ -x "$candidate/initdb" ] && [ -x "$candidate/pg_ctl" ]; then bin=$candidate; fi
done
if [ -z "$bin" ]; then echo "missing: there is no initdb, neither on the PATH nor in /usr/lib/postgresql"; exit; fi

own() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    if ! id postgres >/dev/null 2>&1; then
        echo "missing: PostgreSQL doesn't run as root, and there is no user postgres"; exit
    fi
    own() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
    chown postgres "$folder"
fi
cd "$folder" || exit

# What is killed at once loses nothing that it has acknowledged: only a crash of the machine would take it.
settings="-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= -c fsync=off -c max_connections=200"
control() { own "$bin/pg_ctl" --pgdata="$folder/data" --log="$folder/log" --silent --wait "$@" >>"$folder/said" 2>&1; }
stop() { control --mode=immediate stop; }
start() { control --options="$settings" start; }
answer() {
    if "$@"; then echo done; else echo "failed: $*: $(cat said log 2>/dev/null | tr '\n' ' ')"; fi
}
# Texts are sorted as people do unless a column says otherwise, so that what forgets to say it is found out.
create() {
    printf plaudit >password
    own "$bin/initdb" --pgdata="$folder/data" --username=plaudit --pwfile=password --auth=scram-sha-256 \
        --encoding=UTF8 --no-sync --locale=C "$@" >>"$folder/said" 2>&1
}
trap '' INT TERM
trap 'stop; cd /; rm -rf "$folder"' EXIT
{ create --locale-provider=icu --icu-locale=en || { rm -rf data; create; }; } && answer start \
    || { echo "failed: initdb: $(tr '\n' ' ' <said)"; exit; }
while read -r command; do
    case $command in
    stop) answer stop ;;
    start) answer start ;;
    restart) stop; answer start ;;
    esac
done
