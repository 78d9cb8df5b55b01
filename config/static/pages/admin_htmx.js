// htmx would add a style element of its own, which the page's policy forbids, and evaluate attributes, which nothing needs.
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
