#!/usr/bin/env bash
# Three replicas of an app behind nginx, a load, and a restart of all three, one after the other: no request may fail.
#
#   host/deploy/rolling-restart.sh [app.wasm]        the demo without one
#
# Wants bash, curl and nginx (or NGINX=PROGRAM), and `node-http` (NODE_HTTP=PROGRAM; otherwise cargo builds it). Everything
# stays on 127.0.0.1 and ends with the script. Variables: CLIENTS (8), SECONDS_BETWEEN (2), URL_PATH (/plain).
set -euo pipefail
cd "$(dirname "$0")/../.."

app=${1:-}
clients=${CLIENTS:-8} between=${SECONDS_BETWEEN:-2} path=${URL_PATH:-/plain}
nginx=${NGINX:-$(command -v nginx || command -v /usr/sbin/nginx || true)}
[[ -n "$nginx" ]] || { echo "error: there is no nginx; NGINX can name one" >&2; exit 2; }
if [[ -z "${NODE_HTTP:-}" ]]; then
  cargo build --release -p node-http-host
  NODE_HTTP=target/release/node-http
fi

place=$(mktemp -d)
declare -A replicas=()
proxy=""
finish() {
  touch "$place/stop"
  for pid in "${replicas[@]}" $proxy; do kill "$pid" 2>/dev/null || true; done
  wait || true
  rm -rf "$place"
}
trap finish EXIT

# A port that nobody has right now.
free_port() {
  local port
  for _ in {1..50}; do
    port=$((20000 + RANDOM % 10000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  return 1
}

# Waits until something answers on a port.
answers() {
  curl --silent --output /dev/null --retry 100 --retry-delay 0 --retry-connrefused --retry-max-time 60 --max-time 5 \
    "http://127.0.0.1:$1$path"
}

start() {
  local port=$1
  if [[ -n "$app" ]]; then
    "$NODE_HTTP" run --listen "$port" "$app" >>"$place/replica-$port.log" 2>&1 &
  else
    "$NODE_HTTP" serve --listen "$port" >>"$place/replica-$port.log" 2>&1 &
  fi
  replicas[$port]=$!
  answers "$port"
}

# One replica is new: the others answer meanwhile. It drains what nginx has given it, and nginx asks another one when it
# cannot connect.
restart() {
  local port=$1 status=0
  kill -TERM "${replicas[$port]}"
  wait "${replicas[$port]}" || status=$?
  [[ "$status" == 0 ]] || { echo "error: the replica on port $port ended with $status" >&2; exit 1; }
  start "$port"
  echo "restarted the replica on port $port"
}

# One client after another request; each failure is a line.
load() {
  local number=$1 count=0 status
  while [[ ! -e "$place/stop" ]]; do
    status=$(curl --silent --output /dev/null --max-time 10 --write-out '%{http_code}' "http://127.0.0.1:$front$path") ||
      status="curl: $?"
    count=$((count + 1))
    [[ "$status" == 200 ]] || echo "client $number: $status" >>"$place/failures"
  done
  echo "$count" >"$place/count-$number"
}

front=$(free_port)
for _ in 1 2 3; do start "$(free_port)"; done
cat >"$place/nginx.conf" <<CONF
daemon off;
pid $place/nginx.pid;
error_log $place/nginx.log;
events {}
http {
  access_log off;
  client_body_temp_path $place/body;
  proxy_temp_path $place/proxy;
  fastcgi_temp_path $place/fastcgi;
  uwsgi_temp_path $place/uwsgi;
  scgi_temp_path $place/scgi;
  upstream app {
    # Kept connections are closed by a replica that drains, and asked for again elsewhere.
    keepalive 16;
    # One that restarts is back in milliseconds: nginx is not to leave it out for a time, lest all are left out.
$(for port in "${!replicas[@]}"; do echo "    server 127.0.0.1:$port max_fails=0;"; done)
  }
  server {
    listen 127.0.0.1:$front;
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      # A request that did not reach a replica goes to the next one; so does one that may be sent twice.
      proxy_next_upstream error timeout;
      proxy_next_upstream_tries 3;
    }
  }
}
CONF
"$nginx" -c "$place/nginx.conf" -p "$place" &
proxy=$!
answers "$front"

touch "$place/failures"
loads=()
for number in $(seq "$clients"); do
  load "$number" &
  loads+=($!)
done
sleep "$between"
for port in "${!replicas[@]}"; do
  restart "$port"
  sleep "$between"
done
touch "$place/stop"
wait "${loads[@]}"

requests=$(cat "$place"/count-* | awk '{ sum += $1 } END { print sum }')
failed=$(wc -l <"$place/failures")
echo "$requests requests, $failed failed"
if [[ "$failed" != 0 ]]; then
  sort "$place/failures" | uniq -c
  tail -5 "$place/nginx.log"
  exit 1
fi
