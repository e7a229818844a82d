// Pictures of judged and forecast series: panels one below the other in one SVG, or in an HTML
// page. Text only, no scripts, nothing fetched.
#ifndef DRIFTCAST_LEARN_SERIES_PLOT_H_
#define DRIFTCAST_LEARN_SERIES_PLOT_H_

#include <span>
#include <string>
#include <vector>

namespace driftcast::learn {

struct Panel {
  std::string title;
  std::vector<double> values;           // NaN leaves a gap
  std::vector<size_t> alarms;           // indices into values
  std::vector<size_t> change_points;    // the same
  std::vector<double> mean, low, high;  // a forecast behind the values; equal sizes, may be empty
};

// A whole SVG document. Long series are drawn as the range per pixel column, so size is bounded.
std::string DrawSvg(std::span<const Panel> panels);
// The same within an HTML page.
std::string DrawHtml(std::span<const Panel> panels, const std::string& title);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_SERIES_PLOT_H_
