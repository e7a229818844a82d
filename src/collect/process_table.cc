#include "collect/process_table.h"

#include <arpa/inet.h>
#include <dirent.h>

#include <array>
#include <charconv>
#include <optional>

#include "collect/parse.h"
#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr size_t kTableBytesMax = 16 << 20;
constexpr size_t kProcessesMax = 65536;
constexpr size_t kSocketsMax = 100000;
constexpr size_t kConnectionsMax = 64;
constexpr int kEphemeralPortMin = 32768;

std::optional<uint32_t> HexNumber(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "0100007F" or 32 digits: words in the host's byte order, as the kernel prints them.
std::optional<std::string> AddressOf(std::string_view hex) {
  if (hex.size() != 8 && hex.size() != 32) return std::nullopt;
  std::array<uint32_t, 4> words{};
  for (size_t i = 0; i < hex.size() / 8; ++i) {
    const auto word = HexNumber(hex.substr(i * 8, 8));
    if (!word) return std::nullopt;
    words[i] = *word;
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = hex.size() == 8;
  if (inet_ntop(v4 ? AF_INET : AF_INET6, words.data(), text.data(), text.size()) == nullptr)
    return std::nullopt;
  return v4 ? std::string(text.data()) : "[" + std::string(text.data()) + "]";
}

// "0100007F:0016" -> "127.0.0.1:22".
bool ReadEndpoint(std::string_view word, std::string& text, int& port) {
  const size_t colon = word.find(':');
  if (colon == std::string_view::npos) return false;
  const auto address = AddressOf(word.substr(0, colon));
  const auto number = HexNumber(word.substr(colon + 1));
  if (!address || !number || *number > 65535) return false;
  port = static_cast<int>(*number);
  text = *address + ":" + std::to_string(port);
  return true;
}

bool IsLoopback(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("[::1]") ||
         address.starts_with("[::ffff:127.");
}

}  // namespace

bool ReadSocketLine(std::string_view line, bool udp, SocketLine& out) {
  const auto words = SplitBlanks(line);
  if (words.size() < 10 || !ReadEndpoint(words[1], out.address, out.port)) return false;
  if (!ReadEndpoint(words[2], out.remote, out.remote_port)) {
    out.remote.clear();
    out.remote_port = 0;
  }
  // 0A = LISTEN, 01 = ESTABLISHED; for UDP 07 = not connected.
  out.listening = words[3] == (udp ? "07" : "0A");
  out.established = words[3] == "01";
  out.user = std::string(words[7]);
  out.inode = std::string(words[9]);
  return true;
}

std::string UnitOfCgroup(std::string_view cgroup) {
  LineReader lines(cgroup, /*join=*/false);
  std::string line;
  while (lines.Next(line)) {
    // "0::/system.slice/ssh.service" or, of the older kind, "1:name=systemd:/system.slice/...".
    if (!line.starts_with("0::") && line.find(":name=systemd:") == std::string::npos) continue;
    std::string_view path = line;
    while (!path.empty()) {
      const size_t slash = path.rfind('/');
      const std::string_view part = slash == std::string_view::npos ? path : path.substr(slash + 1);
      // "user@1000.service" holds a person's own programs, not a unit of the host.
      if (part.ends_with(".service") && !part.starts_with("user@")) return CleanText(part, 256);
      if (slash == std::string_view::npos) break;
      path = path.substr(0, slash);
    }
  }
  return "";
}

void ProcessTable::ForEach(const std::function<void(const std::string& pid)>& process) const {
  size_t seen = 0;
  (void)root_.List("/proc", [&](const std::string& name, unsigned char type) {
    if (type == DT_DIR && name.find_first_not_of("0123456789") == std::string::npos &&
        ++seen <= kProcessesMax)
      process(name);
  });
}

Process ProcessTable::Describe(const std::string& pid) const {
  Process process{pid, {}, {}};
  if (const auto program = root_.ReadLink("/proc/" + pid + "/exe"); program.ok())
    process.program = CleanText(*program, 1024);
  // A replaced executable is still the same program to those who ask here.
  if (constexpr std::string_view kDeleted = " (deleted)"; process.program.ends_with(kDeleted))
    process.program.resize(process.program.size() - kDeleted.size());
  if (const auto cgroup = root_.Read("/proc/" + pid + "/cgroup", 64 << 10); cgroup.ok())
    process.unit = UnitOfCgroup(*cgroup);
  return process;
}

std::map<std::string, Process> ProcessTable::HoldersOf(const std::set<std::string>& inodes) const {
  std::map<std::string, Process> holders;
  if (inodes.empty()) return holders;
  ForEach([&](const std::string& pid) {
    if (holders.size() == inodes.size()) return;
    const std::string folder = "/proc/" + pid + "/fd";
    (void)root_.List(folder, [&](const std::string& fd, unsigned char) {
      const auto target = root_.ReadLink(folder + "/" + fd);
      if (!target.ok() || !target->starts_with("socket:[")) return;
      const std::string inode = target->substr(8, target->size() - 9);
      if (inodes.contains(inode) && !holders.contains(inode)) holders[inode] = Describe(pid);
    });
  });
  return holders;
}

void ProcessTable::ForEachSocket(const std::string& table,
                                 const std::function<void(const SocketLine&)>& socket) const {
  const auto text = root_.Read("/proc/net/" + table, kTableBytesMax);
  if (!text.ok()) return;
  LineReader lines(*text, /*join=*/false);
  std::string line;
  SocketLine parsed;
  for (size_t read = 0; read < kSocketsMax && lines.Next(line); ++read)
    if (ReadSocketLine(line, table[0] == 'u', parsed)) socket(parsed);
}

std::map<std::string, std::set<std::string>> ProcessTable::ConnectionsOfUnits() const {
  std::set<int> listened;
  std::map<std::string, std::pair<int, std::string>> clients;  // inode -> own port, other end
  for (const char* table : {"tcp", "tcp6"})
    ForEachSocket(table, [&](const SocketLine& socket) {
      if (socket.listening) listened.insert(socket.port);
      if (socket.established && !socket.remote.empty() &&
          socket.remote_port < kEphemeralPortMin && !IsLoopback(socket.remote))
        clients[socket.inode] = {socket.port, socket.remote};
    });
  std::set<std::string> inodes;
  for (const auto& [inode, ends] : clients)
    if (!listened.contains(ends.first)) inodes.insert(inode);
  std::map<std::string, std::set<std::string>> out;
  for (const auto& [inode, process] : HoldersOf(inodes)) {
    auto& ends = out[process.unit];
    if (!process.unit.empty() && ends.size() < kConnectionsMax)
      ends.insert("tcp/" + clients[inode].second);
  }
  out.erase("");
  return out;
}

}  // namespace driftcast
