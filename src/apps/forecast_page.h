// The forecast of a repository as one self-contained HTML page: no script, nothing to load.
#ifndef DRIFTCAST_APPS_FORECAST_PAGE_H_
#define DRIFTCAST_APPS_FORECAST_PAGE_H_

#include <string>

#include "learn/repository_forecast.h"

namespace driftcast {

std::string ForecastPage(const learn::RepositoryForecast& forecast);

}  // namespace driftcast

#endif  // DRIFTCAST_APPS_FORECAST_PAGE_H_
