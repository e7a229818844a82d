#include "learn/series_plot.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include <fmt/format.h>

namespace driftcast::learn {
namespace {

constexpr double kWidth = 1000, kHeight = 150, kTop = 22, kMargin = 8;
constexpr double kPanel = kHeight + kTop + 18;

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (static_cast<unsigned char>(c) >= 32)
      out += c;
  }
  return out;
}

// Maps indices and values of one panel to the picture.
class Frame {
 public:
  Frame(const Panel& p, double top) : top_(top + kTop) {
    for (const auto* row : {&p.values, &p.mean, &p.low, &p.high})
      for (const double v : *row) {
        if (!std::isfinite(v)) continue;
        low_ = std::min(low_, v);
        high_ = std::max(high_, v);
      }
    if (!(low_ <= high_)) low_ = high_ = 0;
    if (low_ == high_) low_ -= 1, high_ += 1;
    count_ = static_cast<double>(std::max<size_t>(p.values.size() + p.mean.size(), 2));
  }
  double X(size_t i) const {
    return static_cast<double>(i) / (count_ - 1) * (kWidth - 2 * kMargin) + kMargin;
  }
  double Y(double v) const { return top_ + kHeight * (high_ - v) / (high_ - low_); }
  double top() const { return top_; }
  double low() const { return low_; }
  double high() const { return high_; }

 private:
  double top_, count_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
};

using Out = std::back_insert_iterator<std::string>;

// A line, as the range of values in each pixel column.
void DrawLine(const std::vector<double>& values, const Frame& f, Out out) {
  fmt::format_to(out, "<path class='v' d='");
  bool pen = false;
  for (size_t i = 0; i < values.size();) {
    const double column = std::floor(f.X(i));
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (; i < values.size() && std::floor(f.X(i)) == column; ++i) {
      if (!std::isfinite(values[i])) continue;
      low = std::min(low, values[i]);
      high = std::max(high, values[i]);
    }
    if (!(low <= high)) {
      pen = false;
      continue;
    }
    fmt::format_to(out, "{}{:.0f} {:.1f}", pen ? 'L' : 'M', column, f.Y(low));
    if (high > low) fmt::format_to(out, "L{:.0f} {:.1f}", column, f.Y(high));
    pen = true;
  }
  fmt::format_to(out, "'/>\n");
}

void DrawForecast(const Panel& p, const Frame& f, Out out) {
  if (p.mean.empty()) return;
  const size_t start = p.values.size();
  fmt::format_to(out, "<path class='b' d='");
  for (size_t i = 0; i < p.low.size(); ++i)
    fmt::format_to(out, "{}{:.1f} {:.1f}", i == 0 ? 'M' : 'L', f.X(start + i), f.Y(p.low[i]));
  for (size_t i = p.high.size(); i-- > 0;)
    fmt::format_to(out, "L{:.1f} {:.1f}", f.X(start + i), f.Y(p.high[i]));
  fmt::format_to(out, "Z'/>\n<path class='m' d='");
  for (size_t i = 0; i < p.mean.size(); ++i)
    fmt::format_to(out, "{}{:.1f} {:.1f}", i == 0 ? 'M' : 'L', f.X(start + i), f.Y(p.mean[i]));
  fmt::format_to(out, "'/>\n");
}

void DrawPanel(const Panel& p, double top, Out out) {
  const Frame f(p, top);
  fmt::format_to(out, "<text x='{}' y='{}'>{}</text>\n", kMargin, top + 14, Escaped(p.title));
  fmt::format_to(out, "<text class='s' x='{}' y='{}'>{:.6g} to {:.6g}</text>\n", kWidth - kMargin,
                 top + 14, f.low(), f.high());
  fmt::format_to(out, "<rect x='{}' y='{}' width='{}' height='{}'/>\n", kMargin, f.top(),
                 kWidth - 2 * kMargin, kHeight);
  for (const size_t i : p.change_points)
    fmt::format_to(out, "<path class='c' d='M{0:.1f} {1}V{2}'/>\n", f.X(i), f.top(),
                   f.top() + kHeight);
  DrawLine(p.values, f, out);
  DrawForecast(p, f, out);
  for (const size_t i : p.alarms)
    fmt::format_to(out, "<circle cx='{:.1f}' cy='{:.1f}' r='4'/>\n", f.X(i), f.Y(p.values[i]));
}

}  // namespace

std::string DrawSvg(std::span<const Panel> panels) {
  std::string svg;
  auto out = std::back_inserter(svg);
  const double height = kPanel * static_cast<double>(std::max<size_t>(panels.size(), 1));
  fmt::format_to(out,
                 "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0} {1}' width='{0}' "
                 "height='{1}' role='img'>\n<style>text{{font:12px sans-serif;fill:#333}}"
                 ".s{{text-anchor:end;fill:#777}}rect{{fill:#fafafa;stroke:#ddd}}"
                 ".v{{fill:none;stroke:#2b6cb0}}.m{{fill:none;stroke:#c05621;stroke-width:1.5}}"
                 ".b{{fill:#ed8936;opacity:.3}}.c{{stroke:#805ad5;stroke-dasharray:4 3}}"
                 "circle{{fill:none;stroke:#e53e3e;stroke-width:2}}</style>\n",
                 kWidth, height);
  double top = 0;
  for (const Panel& panel : panels) {
    DrawPanel(panel, top, out);
    top += kPanel;
  }
  return svg + "</svg>\n";
}

std::string DrawHtml(std::span<const Panel> panels, const std::string& title) {
  return "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>" + Escaped(title) +
         "</title></head><body style='font-family:sans-serif'><h1>" + Escaped(title) +
         "</h1>\n<p>Line: the series. Circles: alarms, one per episode. Dashed: change points. "
         "Orange: forecast with its 95 % interval.</p>\n" +
         DrawSvg(panels) + "</body></html>\n";
}

}  // namespace driftcast::learn
