"""What readers noticed in their files, in words that a page can show."""

import xarray as xr

from qilian.archive.readers.formats import Data

# By the attribute in which a reader keeps it, of a variable or of the whole.
_OF_VARIABLE = {
    "units_of_file": "the file's unit is {}",
    "words": "gaps ({})",
    "qualification": "codes of quality ({})",
    "left_out": "gaps by leave_out ({})",
    "failed_quality_control": "gaps where quality control failed ({} values)",
    "clipped": "{} values just outside of 0 to 1 clipped",
    "days_from_minimum_and_maximum": "mean of minimum and maximum on {} days",
}
_OF_ALL = {"place": "{}", "left_out": "left out is {}", "delays": "{}"}


def noticed(data: Data) -> str:
    """Say in one text what a reader noticed, nothing where all was as usual."""
    variables = data.data_vars.values() if isinstance(data, xr.Dataset) else ()
    notes = [
        f"{variable.attrs['long_name']}: {told}"
        for variable in variables
        if (told := _told(variable.attrs, _OF_VARIABLE))
    ]
    return "; ".join(filter(None, [_told(data.attrs, _OF_ALL), *notes]))


def _told(attrs: dict, forms: dict[str, str]) -> str:
    return ", ".join(form.format(attrs[key]) for key, form in forms.items() if attrs.get(key))
