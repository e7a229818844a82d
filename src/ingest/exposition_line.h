// One line of a Prometheus exposition, taken apart. For exposition_reader.cc.
#ifndef DRIFTCAST_INGEST_EXPOSITION_LINE_H_
#define DRIFTCAST_INGEST_EXPOSITION_LINE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ingest/metric_sample.h"

namespace driftcast::ingest {

// A sample's parts, borrowed from the line.
struct ExpositionLine {
  std::string_view series;  // name and labels as they stand: what a fingerprint is taken of
  std::string_view name;    // without quotes, escapes as they stand
  std::string_view labels;  // between the braces; empty = none
  double value = 0;
  std::string_view timestamp;  // as it stands; empty = none
};

// InvalidArgument says what is wrong with the line, and where.
StatusOr<ExpositionLine> SplitSample(std::string_view line);

// The labels between the braces, unescaped; a quoted name among them is left out. Empty when the
// text is not what SplitSample has checked.
std::vector<Label> LabelsIn(std::string_view text);

// "1.5", "+Inf", "NaN", "1e3", "0x1p3" is none.
std::optional<double> ExpositionNumber(std::string_view text);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_EXPOSITION_LINE_H_
