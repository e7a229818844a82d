// Threat intelligence: what, when it is met on a host, points to an attack; and what only looks so.
#ifndef DRIFTCAST_INTEL_INDICATOR_H_
#define DRIFTCAST_INTEL_INDICATOR_H_

#include <array>
#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace driftcast::intel {

// Stored: never renumber.
enum class IndicatorType : uint8_t {
  kAddress = 1,  // an IP address or network
  kDomain = 2,   // and every name below it
  kUrl = 3,
  kHash = 4,   // of a file: MD5, SHA-1 or SHA-256, lower-case hex
  kUser = 5,   // name of an account
  kPort = 6,   // "tcp/4444"
  kImage = 7,  // of a container: "docker.io/library/nginx:1.27"; no feed has such indicators yet
};
const char* IndicatorTypeName(IndicatorType type);  // "address"

struct Indicator {
  IndicatorType type = IndicatorType::kAddress;
  std::string value;    // canonical; see CanonicalIndicator
  std::string about;    // what it points to, and where that is said: one line
  int confidence = -1;  // 0 to 100, as its source says; -1 = it does not
  Instant from, until;  // valid between; epoch = open
};

// A network: an address and the number of its leading bits that count, of 128 (IPv4 is mapped).
struct Network {
  std::array<unsigned char, 16> address{};
  int bits = 128;
  auto operator<=>(const Network&) const = default;
};
// "192.0.2.7", "192.0.2.0/24", "2001:db8::/32"; bits beyond the length are cleared. None for else.
std::optional<Network> ParseNetwork(std::string_view text);

// The value in the one form in which it is compared, and its type where that is not given: a text
// of an indicator list. "hxxp" and "[.]" are undone. None when it is nothing of these kinds.
std::optional<Indicator> CanonicalIndicator(std::string_view text,
                                            std::optional<IndicatorType> type = std::nullopt);

// Immutable. Used for indicators and, in the same shape, for lists of what is benign.
class IndicatorSet {
 public:
  IndicatorSet() = default;
  explicit IndicatorSet(std::vector<Indicator> indicators);  // of equal ones the last counts

  // The indicator that a value met on a host fits; null when none does. Of networks the narrowest,
  // of domains the longest.
  const Indicator* Find(IndicatorType type, std::string_view value) const;

  const std::vector<Indicator>& indicators() const { return indicators_; }  // by type and value

 private:
  struct Range {
    Network network;
    size_t index;
  };
  const Indicator* FindNetwork(std::string_view value) const;
  const Indicator* FindExact(IndicatorType type, std::string_view value) const;

  std::vector<Indicator> indicators_;
  std::vector<Range> networks_;  // sorted
  std::bitset<129> lengths_;     // that occur in networks_
};

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_INDICATOR_H_
