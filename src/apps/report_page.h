// A report on the fleet as one self-contained HTML page: no script, nothing to load, prints well.
#ifndef DRIFTCAST_APPS_REPORT_PAGE_H_
#define DRIFTCAST_APPS_REPORT_PAGE_H_

#include <string>

#include "apps/client.h"

namespace driftcast {

// Answers of the API, as they came.
struct ReportData {
  ClientJson overview, stacks, causes, predictions, track;
  std::string made_at;  // for people
};

std::string ReportPage(const ReportData& data);

}  // namespace driftcast

#endif  // DRIFTCAST_APPS_REPORT_PAGE_H_
