#include "learn/series_file.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_set>

#include "base/file.h"

namespace driftcast::learn {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  text = text.substr(first, text.find_last_not_of(kBlank) - first + 1);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  return text;
}

// Cuts the front of `rest` up to `separator`, which is dropped.
std::string_view Cut(std::string_view& rest, char separator) {
  const size_t at = rest.find(separator);
  const std::string_view front = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return front;
}

std::vector<std::string_view> Fields(std::string_view line) {
  std::vector<std::string_view> fields;
  for (bool more = true; more;) {
    more = line.find(',') != std::string_view::npos;  // so "a," has two fields
    fields.push_back(Trim(Cut(line, ',')));
  }
  return fields;
}

// None when the text is no number at all.
std::optional<double> ParseNumber(std::string_view text) {
  if (text.empty()) return kMissing;
  if (text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range || !std::isfinite(value)) return kMissing;
  return value;
}

std::string Shown(std::string_view text) {
  std::string shown(text.substr(0, 40));
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < 32) c = '?';
  return shown;
}

struct Columns {
  size_t time = 0, value = 1;
};

// The columns a header names; none when the line is no header (it starts with a time).
StatusOr<std::optional<Columns>> ReadHeader(const std::vector<std::string_view>& fields) {
  if (ParseStamp(fields[0]).ok()) return std::optional<Columns>();
  std::optional<size_t> time, value;
  for (size_t i = 0; i < fields.size(); ++i) {
    std::string name(fields[i]);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    if (name == "timestamp" || name == "time" || name == "ts") time = time.value_or(i);
    if (name == "value") value = value.value_or(i);
  }
  if (!time || !value)
    return InvalidArgument("the header needs the columns timestamp and value; it begins '{}'",
                           Shown(fields[0]));
  return std::optional<Columns>(Columns{*time, *value});
}

Status TakeRow(const std::vector<std::string_view>& fields, const Columns& columns,
               TimedSeries& out) {
  const size_t needed = std::max(columns.time, columns.value) + 1;
  if (fields.size() < needed)
    return InvalidArgument("{} fields, at least {} are needed", fields.size(), needed);
  DRIFTCAST_ASSIGN_OR_RETURN(const Instant at, ParseStamp(fields[columns.time]));
  const auto value = ParseNumber(fields[columns.value]);
  if (!value) return InvalidArgument("'{}' is not a number", Shown(fields[columns.value]));
  out.stamps.emplace_back(fields[columns.time]);
  out.times.push_back(at);
  out.values.push_back(*value);
  return Ok();
}

StatusOr<PlainSeries> ReadPlainLine(const std::vector<std::string_view>& fields) {
  if (Trim(fields[0]) == "timestamp")
    return InvalidArgument(
        "this is a file of points; write a series a line, without a header and "
        "times: id,value,value,...");
  PlainSeries series;
  series.id = std::string(fields[0]);
  for (size_t i = 1; i < fields.size(); ++i) {
    const auto value = ParseNumber(fields[i]);
    if (!value) return InvalidArgument("field {}: '{}' is not a number", i + 1, Shown(fields[i]));
    series.values.push_back(*value);
  }
  while (!series.values.empty() && std::isnan(series.values.back())) series.values.pop_back();
  if (series.values.empty()) return InvalidArgument("series '{}' has no values", Shown(series.id));
  return series;
}

bool IsGzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

// Owns a zlib stream for as long as one call.
struct Inflater {
  z_stream stream{};
  bool ok = inflateInit2(&stream, 15 + 16) == Z_OK;
  ~Inflater() { inflateEnd(&stream); }
};

StatusOr<std::string> Gunzip(std::string_view bytes, size_t bytes_max) {
  Inflater z;
  if (!z.ok) return Internal("zlib cannot start");
  z.stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.stream.avail_in = static_cast<uInt>(bytes.size());  // at most 1 GiB
  std::string out;
  for (;;) {
    const size_t used = out.size();
    out.resize(used + (1 << 16));
    z.stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    z.stream.avail_out = 1 << 16;
    const int result = inflate(&z.stream, Z_NO_FLUSH);
    out.resize(out.size() - z.stream.avail_out);
    if (out.size() > bytes_max)
      return ResourceExhausted("larger than {} bytes unpacked", bytes_max);
    if (result == Z_STREAM_END && z.stream.avail_in == 0) return out;
    if (result == Z_STREAM_END && inflateReset(&z.stream) == Z_OK) continue;  // next member
    if (result != Z_OK || (z.stream.avail_in == 0 && out.size() == used))
      return Status(StatusCode::kDataLoss, "the gzip data are cut or damaged");
  }
}

StatusOr<std::string> Gzip(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return Internal("zlib cannot start");
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) return Internal("zlib could not pack {} bytes", text.size());
  return out;
}

}  // namespace

StatusOr<Instant> ParseStamp(std::string_view text) {
  text = Trim(text);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool fraction = end != text.data() + text.size() && *end == '.';
  if (error == std::errc() && (end == text.data() + text.size() || fraction)) {
    double seconds = static_cast<double>(number);
    if (fraction) {
      const auto value = ParseNumber(text);
      if (!value || std::isnan(*value)) return InvalidArgument("'{}' is not a time", Shown(text));
      seconds = *value;
    }
    if (std::fabs(seconds) < 1e11) return FromUnixMicros(std::llround(seconds * 1e6));
    if (std::fabs(seconds) < 1e14) return FromUnixMicros(std::llround(seconds * 1e3));
    if (std::fabs(seconds) < 1e17) return FromUnixMicros(number);
    return InvalidArgument("'{}' is not a time of this age", Shown(text));
  }
  if (auto at = ParseInstant(text); at.ok()) return at;
  if (auto at = ParseInstant(std::string(text.substr(0, 40)) + "Z"); at.ok()) return at;
  return InvalidArgument("'{}' is not a time; write 2026-05-01 12:00:00 or Unix seconds",
                         Shown(text));
}

StatusOr<TimedSeries> ParseTimedSeries(std::string_view text) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);  // a byte order mark
  TimedSeries out;
  std::optional<Columns> columns;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = Cut(text, '\n');
    if (Trim(line).empty()) continue;
    const auto fields = Fields(line);
    const std::string where = fmt::format("line {}", number);
    if (!columns) {
      const auto header = ReadHeader(fields);
      if (!header.ok()) return Annotate(header.status(), where);
      columns = header->value_or(Columns());
      if (header->has_value()) continue;
    }
    DRIFTCAST_RETURN_IF_ERROR(Annotate(TakeRow(fields, *columns, out), where));
  }
  if (out.times.empty())
    return InvalidArgument("there are no rows; write one a point: timestamp,value");
  return out;
}

StatusOr<std::vector<PlainSeries>> ParsePlainSeries(std::string_view text) {
  std::vector<PlainSeries> out;
  std::unordered_set<std::string> ids;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = Cut(text, '\n');
    if (Trim(line).empty()) continue;
    auto series = ReadPlainLine(Fields(line));
    if (!series.ok()) return Annotate(series.status(), fmt::format("line {}", number));
    if (!ids.insert(series->id).second)
      return InvalidArgument("line {}: series '{}' occurs twice", number, Shown(series->id));
    out.push_back(*std::move(series));
  }
  if (out.empty())
    return InvalidArgument("there are no series; write one a line: id,value,value,...");
  return out;
}

StatusOr<std::string> ReadTextFile(const std::filesystem::path& path, size_t bytes_max) {
  auto bytes = ReadFile(path, bytes_max);
  if (!bytes.ok() || !IsGzip(*bytes)) return bytes;
  auto text = Gunzip(*bytes, bytes_max);
  if (!text.ok()) return Annotate(text.status(), path.string());
  return text;
}

Status WriteTextFile(const std::filesystem::path& path, std::string_view text) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) return ErrnoStatus(error.value(), "creating " + path.parent_path().string());
  if (path.extension() != ".gz") return WriteFileAtomically(path, text);
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string packed, Gzip(text));
  return WriteFileAtomically(path, packed);
}

}  // namespace driftcast::learn
