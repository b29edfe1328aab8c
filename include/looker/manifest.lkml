# The LookML project of the warehouse. Set both constants to what the Looker instance and the account call them.
project_name: "ecommerce_analytics"

constant: CONNECTION {
  value: "analytics_warehouse"
  export: override_optional
}

constant: DATABASE {
  value: "analytics"
  export: override_optional
}
