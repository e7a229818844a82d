// A back-test as one self-contained HTML page: no script, nothing fetched.
#ifndef DRIFTCAST_LEARN_REPORT_H_
#define DRIFTCAST_LEARN_REPORT_H_

#include <string>
#include <vector>

#include "learn/figures.h"
#include "learn/key_score.h"

namespace driftcast::learn {

struct StackReport {
  std::string stack;
  std::vector<Judged> day, week;                // P within 1 and 7 days
  std::vector<Judged> unseen_day, unseen_week;  // by the model as given; may be empty
  KeyScore keys;
  std::vector<std::string> kinds;  // names of Judged::group
};

// Tables per stack and per kind, curves and reliability over all stacks (each stack's rows as they
// are), precision and recall per alert budget, lead time, intervals by block bootstrap.
std::string ReportHtml(const std::vector<StackReport>& stacks, const std::string& title);

// The same figures as a table of text, a line per stack and their mean; of the model as given too
// where it was judged.
std::string ReportTable(const std::vector<StackReport>& stacks);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_REPORT_H_
