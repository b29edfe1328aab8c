// Who reads: the API key of this tab, or nobody but the cookie of Airflow. The key never stands in an address.

const NAME = "analytics-api-key";

/** "key" where the page asks for a key, "airflow" where Airflow has signed the reader in. */
export const signIn = document.querySelector('meta[name="sign-in"]').content;

export const key = () => sessionStorage.getItem(NAME);
export const remember = (held) => sessionStorage.setItem(NAME, held);
export const forget = () => sessionStorage.removeItem(NAME);
