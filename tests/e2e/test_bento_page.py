"""The Bento's OpenAPI page."""

import json
import re

import requests

from feature_service.kernel import feature_set

NAMES = feature_set("seed-18").feature_names
FROM_STOCK = ("units_on_hand", "expected_units_lost", "weeks_of_cover")
PLANNED = (*FROM_STOCK, "expected_demand_units", "revenue_at_risk", "expected_stockout_date", "reorder_by_date")


def test_the_openapi_page_shows_the_rows_that_predict_takes(bento_url: str) -> None:
    page = requests.get(f"{bento_url}/docs.json", timeout=30).json()
    taken = page["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert (taken["type"], taken["maxItems"]) == ("array", 10_000)
    row = page["components"]["schemas"][taken["items"]["$ref"].removeprefix("#/components/schemas/")]
    assert (tuple(row["required"]), row["additionalProperties"]) == (NAMES, False)
    assert {"/predict", "/predict_proba", "/assess"} <= page["paths"].keys()


def test_the_openapi_page_shows_which_products_assess_takes(bento_url: str) -> None:
    paths = requests.get(f"{bento_url}/docs.json", timeout=30).json()["paths"]
    taken = paths["/assess"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert taken["required"] == ["product_ids"]
    assert taken["properties"]["product_ids"]["maxItems"] == 1000
    assert taken["properties"]["as_of"]["format"] == "date"


def test_the_openapi_page_describes_the_planners_figures(bento_url: str) -> None:
    page = requests.get(f"{bento_url}/docs.json", timeout=30).json()
    shown = page["components"]["schemas"]["Risk"]["properties"]
    assert {*PLANNED, "reasons", "category"} <= shown.keys()
    assert all(field["description"] for field in shown.values())


def test_the_openapi_page_names_us_and_our_licence(bento_url: str) -> None:
    info = requests.get(f"{bento_url}/docs.json", timeout=30).json()["info"]
    assert (info["title"], info["license"]["name"]) == ("Stock-out risk", "Apache-2.0")
    assert "bentoml" not in json.dumps(info["contact"]).lower()
    assert info["version"].startswith("3-")


def test_the_openapi_page_names_no_other_host_and_all_its_files_are_there(bento_url: str) -> None:
    page = requests.get(bento_url, timeout=30)
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    files = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page.text)
    assert len(files) == 3
    texts = [requests.get(f"{bento_url}/{file}", timeout=30) for file in files]
    assert all(each.ok for each in texts)
    own = [page.text, *(each.text for each, file in zip(texts, files, strict=True) if "static_content" not in file)]
    own.append(requests.get(f"{bento_url}/docs.json", timeout=30).text)
    assert not [text for text in own if "//" in text]
