/**
 * A network namespace for one batch of tests: loopback, and an uplink 192.0.2.2 (a range that nobody routes) with a default
 * route, so that a bridge, its firewall rules and published ports work without touching the host's.
 */
const PREPARE = `
ip link set lo up
ip link add uplink type veth peer name far
ip addr add 192.0.2.2/24 dev uplink
ip -6 addr add 2001:db8::2/64 dev uplink nodad 2>/dev/null
ip link set uplink up
ip link set far up
ip route add default via 192.0.2.1
exec "$@"
`;

export function inPrivateNetwork(command) {
  return ['unshare', '--net', '--', 'sh', '-c', PREPARE, 'sh', ...command];
}
