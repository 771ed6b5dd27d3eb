# shellcheck shell=bash
# Sourced by scripts that try real registries: starts them, each on a loopback port of its own with an
# empty store, and ends those that it started and no other. `.tools/bin` must be on the PATH.

registry_pids=()

# start_registry docker-registry|ferro-oci-server DIRECTORY: leaves its HOST:PORT in `registry_host`.
start_registry() {
  local kind=$1 directory=$2 port pid
  mkdir -p "$directory"
  for _ in {1..8}; do
    # Below the ports that clients are given, so that no connection of ours sits on it.
    port=$((20000 + RANDOM % 10000))
    registry_host=127.0.0.1:$port
    case $kind in
      docker-registry)
        printf '{"version": "0.1", "storage": {"filesystem": {"rootdirectory": "%s"}},
          "http": {"addr": "%s"}}' "$directory/store" "$registry_host" >"$directory/config.yml"
        docker-registry serve "$directory/config.yml" </dev/null >"$directory/log" 2>&1 &
        ;;
      ferro-oci-server)
        # It takes no options, and without the variable it listens on every interface.
        NO_COLOR=1 FERRO_OCI_LISTEN=$registry_host FERRO_OCI_STORAGE_DIR=$directory/store \
          ferro-oci-server </dev/null >"$directory/log" 2>&1 &
        ;;
    esac
    pid=$!
    # Its own word is waited for, not an answer on the port: another program could give that.
    until grep -qs "listening.*$registry_host" "$directory/log"; do
      kill -0 "$pid" 2>/dev/null || continue 2
      sleep 0.05
    done
    registry_pids+=("$pid")
    return
  done
  cat "$directory/log" >&2
  return 1
}

# end_registries: for the EXIT trap.
end_registries() {
  local pid
  for pid in "${registry_pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}
