#!/bin/sh
# Installs notifyd as a service of systemd: the program into /opt/notifyd, `notifyd` on the PATH, the unit, a user of its own. Run by
# root, from a checkout after `npm ci && npm run build`, or from the unpacked package. Again: an upgrade; what is in /etc/notifyd
# and /var/lib/notifyd is never touched. It starts nothing.
#   deploy/install.sh                 DESTDIR=/somewhere deploy/install.sh puts the files there, and makes no user
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
root=${DESTDIR:-}
fail() { echo "install.sh: $*" >&2; exit 1; }

[ -f "$here/dist/cli.js" ] || fail "there is no dist/: run npm ci && npm run build first"
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "only root may write to /opt: sudo $0"
node=$(command -v node) || fail "there is no node on the PATH: install Node 20.19 or newer"
"$node" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  fail "$node is too old: Node 20.19 or newer is needed"
command -v npm >/dev/null || fail "there is no npm on the PATH"

# Beside the one that runs, then exchanged: a daemon that is running has all of its files until it is restarted.
new=$root/opt/notifyd.new
rm -rf "$new"
mkdir -p "$new"
for part in dist docs deploy examples migrations package.json config.example.json config.schema.json README.md CHANGELOG.md; do
  cp -R "$here/$part" "$new/"
done
# A checkout has the versions that were tested; the package has those of its package.json, which are exact.
for part in package-lock.json .npmrc; do
  if [ -f "$here/$part" ]; then cp "$here/$part" "$new/"; fi
done
if [ -f "$new/package-lock.json" ]; then (cd "$new" && npm ci --omit=dev --ignore-scripts --silent)
else (cd "$new" && npm install --omit=dev --ignore-scripts --silent); fi
chmod -R go=u-w "$new"
rm -rf "$root/opt/notifyd.old"
if [ -e "$root/opt/notifyd" ]; then mv "$root/opt/notifyd" "$root/opt/notifyd.old"; fi
mv "$new" "$root/opt/notifyd"
rm -rf "$root/opt/notifyd.old"

# The service's own settings for whoever types `notifyd`: its config, and the environment that its config names.
mkdir -p "$root/usr/local/bin" "$root/etc/notifyd" "$root/etc/systemd/system"
cat >"$root/usr/local/bin/notifyd.new" <<END
#!/bin/sh
# notifyd with the environment of the service, as its user where root asks; made by deploy/install.sh.
set -eu
config=/etc/notifyd/config.json
environment=/etc/notifyd/environment
if [ "\$(id -u)" = 0 ] && id notifyd >/dev/null 2>&1 && [ -z "\${NOTIFYD_AS_SERVICE:-}" ]; then
  # systemd reads the file as NAME=value lines, as root; so do we, and then nobody else sees it.
  if [ -r "\$environment" ]; then
    while IFS= read -r line || [ -n "\$line" ]; do
      case \$line in
        [A-Za-z_]*=*)
          value=\${line#*=}
          case \$value in
            \"*\") value=\${value#\"} value=\${value%\"} ;;
            \'*\') value=\${value#\'} value=\${value%\'} ;;
          esac
          export "\${line%%=*}=\$value"
          ;;
      esac
    done <"\$environment"
  fi
  export NOTIFYD_AS_SERVICE=1
  exec setpriv --reuid=notifyd --regid=notifyd --init-groups -- "\$0" "\$@"
fi
# The service's config, unless the command names another one.
if [ -r "\$config" ]; then
  export NOTIFYD_CONFIG="\${NOTIFYD_CONFIG:-\$config}"
  if [ -z "\${NOTIFYD_AS_SERVICE:-}" ] && [ "\$NOTIFYD_CONFIG" = "\$config" ] && [ -e "\$environment" ] && [ ! -r "\$environment" ]; then
    echo "notifyd: \$environment is read by root alone. As the service: sudo notifyd \$*" >&2
  fi
fi
exec $node /opt/notifyd/dist/cli.js "\$@"
END
chmod 0755 "$root/usr/local/bin/notifyd.new"
mv "$root/usr/local/bin/notifyd.new" "$root/usr/local/bin/notifyd"
sed "s|^ExecStart=/usr/bin/node |ExecStart=$node |" "$here/deploy/notifyd.service" >"$root/etc/systemd/system/notifyd.service"
chmod 0644 "$root/etc/systemd/system/notifyd.service"

if [ -z "$root" ]; then
  id notifyd >/dev/null 2>&1 || useradd --system --home-dir /var/lib/notifyd --shell /usr/sbin/nologin notifyd
  install -d -m 0700 -o notifyd -g notifyd /var/lib/notifyd
  if [ ! -e /etc/notifyd/environment ]; then install -m 0600 /dev/null /etc/notifyd/environment; fi
  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
fi

cat <<'END'
notifyd is in /opt/notifyd, and on the PATH. What is left:
  /etc/notifyd/config.json    readable by notifyd, with "journal": { "url": "/var/lib/notifyd/journal.db" }
  /etc/notifyd/environment    NAME=value for each ${NAME} of it, mode 0600
  notifyd check               each precondition, as the service would have it
  systemctl enable --now notifyd
END
