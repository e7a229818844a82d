#include "notify/notify_file.h"

#include <charconv>
#include <set>

#include <toml++/toml.h>

#include "base/file.h"

namespace driftcast {
namespace {

constexpr size_t kChannelsMax = 100;

// Reads one channel's table; remembers the first fault.
class Reader {
 public:
  explicit Reader(const toml::table& table) : table_(table) {}

  std::string Text(const char* name, bool needed = false) {
    known_.insert(name);
    const toml::node* node = table_.get(name);
    if (node == nullptr) {
      if (needed) Fault(std::string("'") + name + "' is missing");
      return "";
    }
    if (!node->is_string()) Fault(std::string("'") + name + "' is no text");
    return node->value_or(std::string());
  }
  double Number(const char* name, double least, double most, double otherwise) {
    known_.insert(name);
    const toml::node* node = table_.get(name);
    if (node == nullptr) return otherwise;
    const double number = node->value_or(least - 1);
    if (!(number >= least && number <= most))
      Fault(fmt::format("'{}' is not between {} and {}", name, least, most));
    return number;
  }
  bool Flag(const char* name) {
    known_.insert(name);
    const toml::node* node = table_.get(name);
    if (node != nullptr && !node->is_boolean()) Fault(std::string("'") + name + "' is no boolean");
    return node != nullptr && node->value_or(false);
  }
  std::vector<std::string> Texts(const char* name) {
    known_.insert(name);
    std::vector<std::string> out;
    const toml::array* array = table_[name].as_array();
    if (array == nullptr || array->empty() || array->size() > kChannelsMax) {
      Fault(std::string("'") + name + "' is no list of texts");
      return out;
    }
    for (const toml::node& node : *array) {
      out.push_back(node.value_or(std::string()));
      if (out.back().empty()) Fault(std::string("'") + name + "' holds something that is no text");
    }
    return out;
  }
  // The content of a file that is named, without its last line break.
  std::string Secret(const char* name) {
    const std::string path = Text(name);
    if (path.empty()) return "";
    auto content = ReadFile(path, 4096);
    if (!content.ok()) {
      Fault(Message(content.status()));
      return "";
    }
    while (!content->empty() && content->back() == '\n') content->pop_back();
    return *content;
  }
  void Fault(const std::string& text) {
    if (fault_.empty()) fault_ = text;
  }
  Status Finish() {
    for (const auto& [name, node] : table_)
      if (!known_.contains(std::string(name.str())))
        Fault("there is no '" + std::string(name.str()) + "' for this kind");
    return fault_.empty() ? Ok() : InvalidArgument("{}", fault_);
  }

 private:
  const toml::table& table_;
  std::set<std::string> known_;
  std::string fault_;
};

bool ReadMinute(std::string_view text, int& minute) {
  int hours = -1, minutes = -1;
  if (text.size() != 5 || text[2] != ':') return false;
  std::from_chars(text.data(), text.data() + 2, hours);
  std::from_chars(text.data() + 3, text.data() + 5, minutes);
  minute = hours * 60 + minutes;
  return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
}

AlertTiming ReadTiming(Reader& reader) {
  AlertTiming timing;
  timing.severity_min = reader.Number("severity_min", 0, 10, 0);
  timing.loud_from = reader.Number("loud_from", 0, 10, 7);
  const std::string quiet = reader.Text("quiet");
  if (!quiet.empty() && (quiet.size() != 11 || quiet[5] != '-' ||
                         !ReadMinute(quiet.substr(0, 5), timing.quiet_from_minute) ||
                         !ReadMinute(quiet.substr(6), timing.quiet_to_minute)))
    reader.Fault("'quiet' is not like \"22:00-06:30\"");
  return timing;
}

MailOptions ReadMail(Reader& reader) {
  MailOptions mail;
  mail.from = reader.Text("from", true);
  mail.to = reader.Texts("to");
  mail.user = reader.Text("user");
  mail.password = reader.Secret("password_file");
  mail.plain = reader.Flag("plain");
  if (mail.plain && !mail.user.empty())
    reader.Fault("a password is not sent without TLS: 'plain' and 'user' exclude each other");
  return mail;
}

StatusOr<std::unique_ptr<AlertChannel>> ReadChannel(const toml::table& table,
                                                    const std::string& page) {
  Reader reader(table);
  const std::string kind = reader.Text("kind", true);
  const AlertTiming timing = ReadTiming(reader);
  std::unique_ptr<AlertChannel> channel;
  if (kind == "file") {
    channel = MakeFileChannel(reader.Text("path", true));
  } else {
    std::string url = reader.Text("url");
    const std::string from_file = reader.Secret("url_file");
    if (url.empty()) url = from_file;
    const bool mail = kind == "mail";
    const bool fits = mail ? url.starts_with("smtp://") || url.starts_with("smtps://")
                           : url.starts_with("http://") || url.starts_with("https://");
    if (!fits) reader.Fault("'url' is no address for this kind");
    if (kind == "slack") channel = MakeSlackChannel(url, page);
    if (kind == "alertmanager") channel = MakeAlertmanagerChannel(url, page);
    if (kind == "webhook") channel = MakeWebhookChannel(url, reader.Secret("secret_file"), page);
    if (mail) {
      MailOptions options = ReadMail(reader);
      options.url = url;
      channel = MakeMailChannel(std::move(options), page);
    }
    if (!channel) reader.Fault("there is no kind '" + kind.substr(0, 40) + "'");
  }
  DRIFTCAST_RETURN_IF_ERROR(reader.Finish());
  return MakeTimedChannel(std::move(channel), timing);
}

}  // namespace

StatusOr<std::vector<std::unique_ptr<AlertChannel>>> ParseNotifyFile(std::string_view text,
                                                                     const std::string& page) {
  toml::table document;
  try {
    document = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return InvalidArgument("line {}: {}", error.source().begin.line, error.description());
  }
  std::vector<std::unique_ptr<AlertChannel>> channels;
  for (const auto& [name, node] : document)
    if (name.str() != "channel")
      return InvalidArgument("there is no '{}' here, only [[channel]]", std::string(name.str()));
  const toml::array* entries = document["channel"].as_array();
  if (entries == nullptr || entries->size() > kChannelsMax)
    return InvalidArgument("channels are written as [[channel]], at most {}", kChannelsMax);
  for (const toml::node& node : *entries) {
    const std::string which = fmt::format("channel {}", channels.size() + 1);
    const toml::table* table = node.as_table();
    if (table == nullptr) return InvalidArgument("{} is no table", which);
    auto channel = ReadChannel(*table, page);
    if (!channel.ok()) return Annotate(channel.status(), which);
    channels.push_back(*std::move(channel));
  }
  return channels;
}

OutboxEffect TestAlert(Instant now) {
  OutboxEffect effect;
  effect.kind = "test";
  effect.key = "test:" + FormatInstant(now);
  effect.at = now;
  effect.subject = "test";
  effect.text = "This is a test of Driftcast's alerts: nothing has happened.";
  effect.severity = 10;
  return effect;
}

}  // namespace driftcast
