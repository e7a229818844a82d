// Finds the season of a series that comes without time stamps.
#ifndef DRIFTCAST_LEARN_SEASON_H_
#define DRIFTCAST_LEARN_SEASON_H_

#include <span>

namespace driftcast::learn {

inline constexpr int kSeasonMax = 168;

// The season in steps, 2..kSeasonMax, or 1 if there is none worth the name. By the autocorrelation
// of the series without its linear trend (NaN count as the mean): of the local maxima after it
// first fell below 0.3, the shortest lag that comes within a tenth of the highest one, if that is
// at least 0.3 and at least three seasons were seen.
int FindSeason(std::span<const double> values);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_SEASON_H_
