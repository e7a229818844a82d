// Which format a file has: by its path where we know it, else by a look at its content.
#include <algorithm>
#include <array>
#include <cctype>

#include "collect/glob.h"
#include "collect/parse.h"
#include "collect/parse_text.h"

namespace driftcast {
namespace {

struct Rule {
  const char* glob;
  Syntax syntax;
  const char* detail = "";
  bool ordered = false;
  bool names_mean_nothing = false;
};

// First match wins. Lens names are Augeas' own (package augeas-lenses).
constexpr std::array kRules = {
    Rule{"/etc/passwd", Syntax::kTable, "passwd"},
    Rule{"/etc/passwd-", Syntax::kTable, "passwd"},
    Rule{"/etc/group", Syntax::kTable, "group"},
    Rule{"/etc/group-", Syntax::kTable, "group"},
    Rule{"/etc/shadow", Syntax::kTable, "shadow"},
    Rule{"/etc/shadow-", Syntax::kTable, "shadow"},
    Rule{"/etc/gshadow", Syntax::kTable, "gshadow"},
    Rule{"/etc/gshadow-", Syntax::kTable, "gshadow"},
    Rule{"/etc/sub[ug]id", Syntax::kTable, "subid"},
    Rule{"/etc/sub[ug]id-", Syntax::kTable, "subid"},
    Rule{"/etc/fstab", Syntax::kTable, "fstab"},
    Rule{"/etc/crypttab", Syntax::kTable, "crypttab"},
    Rule{"/etc/hosts", Syntax::kTable, "hosts"},
    Rule{"/etc/nsswitch.conf", Syntax::kKeywords, "", false, true},
    Rule{"/etc/pam.d/*", Syntax::kLines, "", true, true},
    Rule{"/etc/pam.conf", Syntax::kLines, "", true, true},
    Rule{"/etc/sudoers", Syntax::kLines, "", true, true},
    Rule{"/etc/sudoers.d/*", Syntax::kLines, "", true, true},
    Rule{"/etc/hosts.allow", Syntax::kLines, "", true},
    Rule{"/etc/hosts.deny", Syntax::kLines, "", true},
    Rule{"/etc/nftables.conf", Syntax::kLines, "", true},
    Rule{"/etc/iptables/*", Syntax::kLines, "", true},
    Rule{"/etc/ssh/*_config", Syntax::kKeywords},
    Rule{"/etc/ssh/*_config.d/*", Syntax::kKeywords},
    Rule{"/etc/login.defs", Syntax::kKeywords, "", false, true},
    Rule{"/etc/resolv.conf", Syntax::kKeywords},
    Rule{"/etc/host.conf", Syntax::kKeywords},
    Rule{"/etc/sysctl.conf", Syntax::kKeywords},
    Rule{"/etc/sysctl.d/*.conf", Syntax::kKeywords},
    Rule{"/etc/security/*.conf", Syntax::kLines, "", true},
    Rule{"/etc/security/limits.d/*", Syntax::kLines, "", true},
    Rule{"/etc/modprobe.d/*", Syntax::kLines},
    Rule{"/etc/modules", Syntax::kLines},
    Rule{"/etc/modules-load.d/*", Syntax::kLines},
    Rule{"/etc/shells", Syntax::kLines},
    Rule{"/etc/securetty", Syntax::kLines},
    Rule{"/etc/protocols", Syntax::kLines},
    Rule{"/etc/services", Syntax::kLines},
    Rule{"/etc/ethertypes", Syntax::kLines},
    Rule{"/etc/rpc", Syntax::kLines},
    Rule{"/etc/ca-certificates.conf", Syntax::kLines},
    Rule{"/etc/hostname", Syntax::kLines},
    Rule{"/etc/timezone", Syntax::kLines},
    Rule{"/etc/debian_version", Syntax::kLines},
    Rule{"/etc/mailname", Syntax::kLines},
    Rule{"/etc/networks", Syntax::kLines},
    Rule{"/etc/netconfig", Syntax::kLines},
    Rule{"/etc/inputrc", Syntax::kLines},
    Rule{"/etc/iproute2/**", Syntax::kLines},
    Rule{"/etc/dpkg/dpkg.cfg", Syntax::kLines},
    Rule{"/etc/dpkg/dpkg.cfg.d/*", Syntax::kLines},
    Rule{"/etc/dpkg/origins/*", Syntax::kDeb822},
    Rule{"/etc/ld.so.conf", Syntax::kLines},
    Rule{"/etc/ld.so.conf.d/*", Syntax::kLines},
    Rule{"/etc/crontab", Syntax::kLines},
    Rule{"/etc/cron.d/*", Syntax::kLines},
    Rule{"/etc/cron.allow", Syntax::kLines},
    Rule{"/etc/cron.deny", Syntax::kLines},
    Rule{"/etc/locale.gen", Syntax::kLines},
    Rule{"/etc/apt/sources.list", Syntax::kLines},
    Rule{"/etc/apt/sources.list.d/*.list", Syntax::kLines},
    Rule{"/etc/apt/sources.list.d/*.sources", Syntax::kDeb822},
    Rule{"/etc/apt/preferences", Syntax::kDeb822},
    Rule{"/etc/apt/preferences.d/*", Syntax::kDeb822},
    Rule{"/etc/apt/apt.conf", Syntax::kBraces},
    Rule{"/etc/apt/apt.conf.d/*", Syntax::kBraces},
    Rule{"/etc/nginx/**.conf", Syntax::kBraces},
    Rule{"/etc/nginx/sites-*/*", Syntax::kBraces},
    Rule{"/etc/bind/named.conf*", Syntax::kBraces},
    Rule{"/etc/dhcp/*.conf", Syntax::kBraces},
    Rule{"/etc/default/*", Syntax::kShell},
    Rule{"/etc/environment", Syntax::kShell},
    Rule{"/etc/os-release", Syntax::kShell},
    Rule{"/etc/locale.conf", Syntax::kShell},
    Rule{"/etc/systemd/**", Syntax::kIni},
    Rule{"/etc/logrotate.conf", Syntax::kLens, "Logrotate.lns"},
    Rule{"/etc/logrotate.d/*", Syntax::kLens, "Logrotate.lns"},
    Rule{"/etc/apache2/**.conf", Syntax::kLens, "Httpd.lns"},
    Rule{"/etc/postfix/master.cf", Syntax::kLens, "Postfix_Master.lns"},
    Rule{"/etc/postfix/main.cf", Syntax::kLens, "Postfix_Main.lns"},
    Rule{"/etc/rsyslog.conf", Syntax::kLens, "Rsyslog.lns"},
    Rule{"/etc/rsyslog.d/*.conf", Syntax::kLens, "Rsyslog.lns"},
    Rule{"/etc/exports", Syntax::kLens, "Exports.lns"},
    Rule{"/etc/network/interfaces", Syntax::kLens, "Interfaces.lns"},
    Rule{"/etc/network/interfaces.d/*", Syntax::kLens, "Interfaces.lns"},
    Rule{"/etc/squid/squid.conf", Syntax::kLens, "Squid.lns"},
    Rule{"/etc/haproxy/haproxy.cfg", Syntax::kLens, "Haproxy.lns"},
    Rule{"/etc/dovecot/**.conf", Syntax::kLens, "Dovecot.lns"},
    Rule{"/etc/xinetd.d/*", Syntax::kLens, "Xinetd.lns"},
    Rule{"/etc/postgresql/**/postgresql.conf", Syntax::kLens, "Postgresql.lns"},
    Rule{"/etc/postgresql/**/pg_hba.conf", Syntax::kLens, "Pg_Hba.lns"},
    Rule{"/etc/monit/**", Syntax::kLens, "Monit.lns"},
    Rule{"/etc/keepalived/keepalived.conf", Syntax::kLens, "Keepalived.lns"},
};

// By the end of the name, wherever the file is: the format is certain, its keys are not known.
constexpr std::array kSuffixes = {Rule{".json", Syntax::kLens, "json"},
                                  Rule{".yaml", Syntax::kLens, "yaml"},
                                  Rule{".yml", Syntax::kLens, "yaml"},
                                  Rule{".toml", Syntax::kLens, "toml"},
                                  Rule{".ini", Syntax::kIni},
                                  Rule{".service", Syntax::kIni},
                                  Rule{".timer", Syntax::kIni},
                                  Rule{".socket", Syntax::kIni},
                                  Rule{".mount", Syntax::kIni},
                                  Rule{".target", Syntax::kIni},
                                  Rule{".path", Syntax::kIni},
                                  Rule{".desktop", Syntax::kIni},
                                  Rule{".network", Syntax::kIni},
                                  Rule{".netdev", Syntax::kIni},
                                  Rule{".nmconnection", Syntax::kIni},
                                  Rule{".env", Syntax::kShell},
                                  Rule{".properties", Syntax::kKeywords},
                                  Rule{".xml", Syntax::kLens, "Xml.lns"}};

Format Of(const Rule& rule, bool known) {
  return {rule.syntax, rule.detail, rule.ordered, known, rule.names_mean_nothing};
}

// What the lines of an unknown text look like, counted over its beginning.
struct Look {
  int lines = 0, sections = 0, shell = 0, assignments = 0, pairs = 0;
};

bool IsPlainName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
  });
}

Look LookAt(std::string_view content) {
  constexpr int kLinesEnough = 200;
  Look look;
  LineReader reader(content.substr(0, 64 << 10));
  std::string line;
  while (look.lines < kLinesEnough && reader.Next(line)) {
    const std::string_view text = TrimBlanks(line);
    if (IsComment(text)) continue;
    ++look.lines;
    if (text[0] == '[' && text.back() == ']') {
      ++look.sections;
      continue;
    }
    const size_t equals = text.find('=');
    const bool named =
        equals != std::string_view::npos && IsPlainName(TrimBlanks(text.substr(0, equals)));
    if (named && text[equals - 1] != ' ' && (equals + 1 == text.size() || text[equals + 1] != ' '))
      ++look.shell;
    if (named) ++look.assignments;
    const size_t blank = text.find_first_of(" \t:");
    if (blank != std::string_view::npos && IsPlainName(text.substr(0, blank))) ++look.pairs;
  }
  return look;
}

bool NearlyAll(int part, int whole) { return whole > 0 && part * 10 >= whole * 9; }

// Names under which texts of "keyword value" are usual; elsewhere such a text may be prose.
bool IsConfigurationName(std::string_view path) {
  for (const char* suffix : {".conf", ".cfg", ".cnf", ".config", ".rc", "rc", ".defs", ".options"})
    if (path.ends_with(suffix)) return true;
  return false;
}

Format Sniff(std::string_view path, std::string_view content) {
  const size_t first = content.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {Syntax::kLines};
  if (content.starts_with("#!")) return {};
  if (content[first] == '{') return {Syntax::kLens, "json"};
  if (content.substr(first).starts_with("<?xml")) return {Syntax::kLens, "Xml.lns"};
  const Look look = LookAt(content);
  if (look.lines == 0) return {Syntax::kLines};  // comments alone
  if (look.sections > 0 && NearlyAll(look.assignments + look.sections, look.lines))
    return {Syntax::kIni};
  if (NearlyAll(look.shell, look.lines)) return {Syntax::kShell};
  if (NearlyAll(look.assignments, look.lines)) return {Syntax::kKeywords};
  if (IsConfigurationName(path) && NearlyAll(look.pairs + look.assignments, look.lines))
    return {Syntax::kKeywords};
  return {};
}

}  // namespace

Format FormatOfPath(std::string_view path) {
  for (const Rule& rule : kRules)
    if (MatchGlob(rule.glob, path)) return Of(rule, true);
  for (const Rule& rule : kSuffixes)
    if (path.ends_with(rule.glob)) return Of(rule, false);
  return {};
}

Format FormatOf(std::string_view path, std::string_view content) {
  if (content.find('\0') != std::string_view::npos) return {};
  const Format format = FormatOfPath(path);
  return format.syntax == Syntax::kOpaque ? Sniff(path, content) : format;
}

}  // namespace driftcast
